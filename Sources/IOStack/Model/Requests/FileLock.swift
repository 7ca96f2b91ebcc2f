/// An advisory lock: `fcntl`'s byte ranges or `flock`'s whole file.
public struct FileLock: Sendable, Equatable {
    public enum Kind: Sendable, Equatable { case shared, exclusive, unlock }
    public enum Family: Sendable, Equatable {
        /// A byte range, owned by the file object (`F_OFD_SETLK`). Length 0 reaches to the end.
        case range(offset: UInt64, length: UInt64)
        /// The whole file (`flock`).
        case wholeFile
    }
    public enum Action: Sendable, Equatable {
        /// Fail at once if another owner holds it.
        case tryLock
        case wait
        /// Returns the lock in the way (`F_OFD_GETLK`).
        case test
    }

    public var kind: Kind
    public var family: Family
    public var action: Action

    public init(_ kind: Kind, _ family: Family, _ action: Action) {
        self.kind = kind
        self.family = family
        self.action = action
    }
}
