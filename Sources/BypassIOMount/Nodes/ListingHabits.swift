internal import IOStack

/// Which programs look at the attributes of what they list.
///
/// With READDIRPLUS the kernel gets every entry's attributes at once, which spares a program that
/// looks at them a request each (ls -l, rsync). One that wants the names alone (find, a shell) has
/// a status read for each in vain. Programs do not say which they are, and the kernel does not ask
/// for what it has; so of each listing one entry is sent without, as a probe: who looks at
/// attributes asks for this one.
///
/// Any thread. The lock is a leaf.
final class ListingHabits: Sendable {
    /// Listings in a row whose probe nobody asked for, after which a program gets names alone.
    static let patience = 4
    /// Of those who looked, every so many listings have a probe.
    static let rarity = 8

    /// What a listing carries.
    enum Content: Equatable {
        /// Attributes; with a probe, of all entries but one.
        case attributes(withProbe: Bool)
        /// Attributes of directories only, which a program that walks a tree opens next.
        case names
    }

    /// A program, or what is left of one that had the same place.
    private struct Program {
        var process: Int32 = 0
        var listings = 0
        /// Listings in a row whose probe nobody asked for.
        var ignored = 0
        var hasLooked = false
        /// The directory that was listed last, and what was left out there: nil for every file.
        var directory: UInt64 = 0
        var probe: [UInt8]?
        var isWaiting = false
        var content = Content.attributes(withProbe: false)

        var wantsNames: Bool { ignored + (isWaiting ? 1 : 0) >= ListingHabits.patience }

        mutating func begin(_ directory: UInt64) {
            if isWaiting { ignored += 1 }
            listings += 1
            self.directory = directory
            probe = nil
            isWaiting = false
            if ignored >= ListingHabits.patience {
                content = .names
                isWaiting = true
                return
            }
            // Most programs list one directory and end: these get everything.
            let isDue = hasLooked ? listings % ListingHabits.rarity == 0 : listings > 1
            content = .attributes(withProbe: isDue)
        }
    }

    private let programs = Guarded([Program](repeating: Program(), count: 64))

    private static func place(of process: Int32) -> Int { Int(UInt32(bitPattern: process) % 64) }

    /// What a program that reads `directory` gets, from its beginning or further on.
    func content(for process: Int32, of directory: UInt64, fromStart: Bool) -> Content {
        guard process != 0 else { return .attributes(withProbe: false) }
        return programs.withLock { programs in
            let place = Self.place(of: process)
            if programs[place].process != process {
                programs[place] = Program()
                programs[place].process = process
            }
            guard fromStart else {
                // The probe, if there is one, was in the first part.
                let content = programs[place].content
                return content == .names ? .names : .attributes(withProbe: false)
            }
            programs[place].begin(directory)
            return programs[place].content
        }
    }

    /// The next directory that a program lists will be names.
    func wantsNames(_ process: Int32) -> Bool {
        programs.withLock { programs in
            let program = programs[Self.place(of: process)]
            return program.process == process && program.wantsNames
        }
    }

    /// The entry that is left without attributes.
    func left(_ name: [UInt8], for process: Int32) {
        programs.withLock { programs in
            let place = Self.place(of: process)
            guard programs[place].process == process else { return }
            programs[place].probe = name
            programs[place].isWaiting = true
        }
    }

    /// A program asks for a name.
    func looked(_ process: Int32, at name: [UInt8], in directory: UInt64) {
        programs.withLock { programs in
            let place = Self.place(of: process)
            guard programs[place].process == process, programs[place].isWaiting,
                programs[place].directory == directory,
                programs[place].probe == nil || programs[place].probe == name
            else { return }
            programs[place].isWaiting = false
            programs[place].hasLooked = true
            programs[place].ignored = 0
        }
    }
}
