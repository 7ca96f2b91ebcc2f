import IOStack

/// What lies in the words, behind the locks and in the semaphores that the threads of one execution have
/// touched, as fingerprints.
struct Memory {
    private struct Entry {
        let first: Int
        var now: Int
    }

    private var entries: [UInt: Entry] = [:]
    /// Of all entries that are not as they were first.
    private(set) var fingerprint: UInt64 = 0

    /// What a step finds in its object. A thing of unknown content counts as holding all that was done to
    /// it, see ``changed(_:by:)``.
    mutating func look(_ step: ScheduledStep) -> Int {
        if let entry = entries[step.object] { return entry.now }
        let content = step.content?.fingerprint ?? 0
        entries[step.object] = Entry(first: content, now: content)
        return content
    }

    /// After the step was taken by a thread that had come the way `history`.
    mutating func changed(_ step: ScheduledStep, by history: Int) {
        guard let entry = entries[step.object] else { return }
        if let content = step.content {
            set(step.object, content.fingerprint)
        } else {
            var all = Fingerprint(entry.now)
            all.add(history)
            set(step.object, Int(truncatingIfNeeded: all.value))
        }
    }

    /// How often a semaphore was signalled and not waited for.
    func signals(_ object: UInt) -> Int { entries[object]?.now ?? 0 }

    mutating func signal(_ object: UInt, by amount: Int) {
        if entries[object] == nil { entries[object] = Entry(first: 0, now: 0) }
        set(object, signals(object) + amount)
    }

    /// It is gone: nobody will look.
    mutating func forget(_ object: UInt) {
        guard let entry = entries.removeValue(forKey: object), entry.now != entry.first else {
            return
        }
        fingerprint &-= Self.part(object, entry.now)
    }

    private mutating func set(_ object: UInt, _ content: Int) {
        guard var entry = entries[object], entry.now != content else { return }
        if entry.now != entry.first { fingerprint &-= Self.part(object, entry.now) }
        entry.now = content
        entries[object] = entry
        if entry.now != entry.first { fingerprint &+= Self.part(object, entry.now) }
    }

    private static func part(_ object: UInt, _ content: Int) -> UInt64 {
        var part = Fingerprint(Int(bitPattern: object))
        part.add(content)
        return part.value
    }
}
