internal import CKernelABI
package import SystemPackage

/// A counter of the kernel's (eventfd(2)). One thread polls it, any thread raises it.
///
/// A class, because each side owns the descriptor: so a late raise never reaches a number that was
/// closed and given to another file.
package final class EventCounter: Sendable {
    private let owned: OwnedDescriptor

    /// Throws `EMFILE`, `ENFILE`, `ENOMEM`.
    package init() throws(Errno) {
        let number = try SystemCall.retryingInt { bpio_event_counter() }
        owned = OwnedDescriptor(owning: FileDescriptor(rawValue: number))
    }

    /// Shows POLLIN while there are raises that ``reset()`` has not taken.
    package var descriptor: FileDescriptor { owned.descriptor }

    package func raise() {
        bpio_event_counter_raise(owned.descriptor.rawValue)
    }

    /// Takes all raises so far.
    package func reset() {
        bpio_event_counter_reset(owned.descriptor.rawValue)
    }
}
