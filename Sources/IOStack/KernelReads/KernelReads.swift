import Synchronization

/// The kernel's own reads of one stream: the door they go through, and the file objects whose programs
/// may use it.
///
/// Exists from the first grant to the last user's end.
///
/// Lock order: `gate` before `users`; both after nothing of the volume's. `gate` is held while the host
/// closes the door, which waits for reads, and while a drain of the stack is not; nothing is called
/// under `users`.
final class KernelReads: Sendable {
    let door: any KernelReadDoor
    /// Whether the door's gate is in the way. Whoever changes what that depends on asks ``settle(_:)``
    /// afterwards: the last one to hold the lock has seen every change, so the gate ends where it
    /// belongs, and a pause that returned from it knows it closed.
    private let gate = Guarded(false)
    private let users = Guarded<[WeakFileObject]>([])

    init(door: any KernelReadDoor) {
        self.door = door
    }

    var isGated: Bool { gate.withLock { $0 } }

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

    /// Puts the gate where it belongs now; `mustAsk` says whether reads have to ask.
    ///
    /// Throws what the host refused to close it with.
    func settle(_ mustAsk: () -> Bool) throws(IOFailure) {
        try gate.withLock { (isClosed) throws(IOFailure) in
            let isToClose = mustAsk()
            guard isToClose != isClosed else { return }
            if isToClose { try door.close() } else { door.open() }
            isClosed = isToClose
        }
    }
}
