import Glibc

/// A descriptor that closes with the value.
struct OwnedDescriptor: ~Copyable, Sendable {
    let number: CInt

    init(_ number: CInt) {
        self.number = number
    }

    deinit {
        // The descriptor is gone whatever close(2) answers; retrying could close somebody else's.
        _ = close(number)
    }
}
