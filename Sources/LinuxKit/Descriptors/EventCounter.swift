internal import CKernelABI
package import SystemPackage

/// A counter of the kernel's (eventfd(2)) that one thread polls and any thread raises.
///
/// A class, so that a late raise never reaches a descriptor that was closed and given to another
/// file: each side owns it.
package final class EventCounter: Sendable {
    private let owned: OwnedDescriptor

    /// Throws `EMFILE`, `ENFILE`, `ENOMEM`.
    package init() throws(Errno) {
        let number = try SystemCall.retryingInt { bpio_event_counter() }
        owned = OwnedDescriptor(owning: FileDescriptor(rawValue: number))
    }

    /// Shows POLLIN while there are raises that ``reset()`` did not take.
    package var descriptor: FileDescriptor { owned.descriptor }

    package func raise() {
        bpio_event_counter_raise(owned.descriptor.rawValue)
    }

    /// Takes all raises so far.
    package func reset() {
        bpio_event_counter_reset(owned.descriptor.rawValue)
    }
}
