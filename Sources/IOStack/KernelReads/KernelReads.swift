/// The kernel's own reads of one stream: the door they go through, and the file objects whose programs
/// may use it.
///
/// Exists from the first grant to the last user's end.
///
/// Lock order: `gate` before `users`; both after nothing of the volume's. `gate` is held while the host
/// closes and drains the door, and while a drain of the stack is not; nothing is called under `users`.
final class KernelReads: Sendable {
    let door: any KernelReadDoor
    private struct Gate {
        /// In the way.
        var isClosed = false
        var closings: UInt64 = 0
        /// Reads that had begun when it was closed last are done.
        var isDrained = true
    }

    /// Whoever changes what the gate depends on settles it afterwards: the last one to hold the lock has
    /// seen every change, so the gate ends where it belongs, and a pause that returned from it knows it
    /// closed and drained.
    private let gate = Guarded(Gate())
    private let users = Guarded<[WeakFileObject]>([])

    init(door: any KernelReadDoor) {
        self.door = door
    }

    var isGated: Bool { gate.withLock { $0.isClosed } }

    // MARK: Users

    func add(_ file: FileObject) { users.withLock { $0.append(WeakFileObject(file)) } }

    /// Returns whether nobody is left.
    func remove(_ file: FileObject) -> Bool {
        users.withLock { users in
            users.removeAll { $0.file == nil || $0.file === file }
            return users.isEmpty
        }
    }

    var files: [FileObject] { users.withLock { $0.compactMap(\.file) } }

    // MARK: The gate

    /// Puts the gate where it belongs now, and drains it; `mustAsk` says whether reads have to ask.
    ///
    /// Throws what the host refused to close it with.
    func settle(_ mustAsk: () -> Bool) throws(IOFailure) {
        try gate.withLock { (gate) throws(IOFailure) in
            try put(&gate, mustAsk)
            guard !gate.isDrained else { return }
            door.drain(with: [])
            gate.isDrained = true
        }
    }

    /// As ``settle(_:)`` without the drain, for who drains many at once.
    ///
    /// Returns the number of the closing that is to be drained and then told to ``drained(_:)``; nil if
    /// there is nothing to wait for.
    func put(_ mustAsk: () -> Bool) throws(IOFailure) -> UInt64? {
        try gate.withLock { (gate) throws(IOFailure) in
            try put(&gate, mustAsk)
            return gate.isDrained ? nil : gate.closings
        }
    }

    func drained(_ closing: UInt64) {
        gate.withLock { gate in
            // Opened and closed again meanwhile, there may be more to wait for.
            if gate.closings == closing { gate.isDrained = true }
        }
    }

    private func put(_ gate: inout Gate, _ mustAsk: () -> Bool) throws(IOFailure) {
        let isToClose = mustAsk()
        guard isToClose != gate.isClosed else { return }
        if isToClose {
            try door.close()
            gate.closings += 1
        } else {
            door.open()
        }
        gate.isClosed = isToClose
        gate.isDrained = !isToClose
    }
}
