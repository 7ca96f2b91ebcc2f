import CKernelABI
package import SystemPackage

/// A kernel event counter (`eventfd`) that a ring polls and any thread raises.
///
/// Owned by the engine and by its wakers, so that a late wake never reaches a descriptor that was
/// closed and given to another file.
package final class EventCounter: WakeTarget {
    private let descriptor: OwnedDescriptor

    /// Throws `EMFILE`, `ENFILE`, `ENOMEM`.
    package init() throws(Errno) {
        let number = bpio_event_counter()
        guard number >= 0 else { throw Errno(rawValue: -number) }
        descriptor = OwnedDescriptor(number)
    }

    package var number: CInt { descriptor.number }

    package func wake() {
        bpio_event_counter_raise(descriptor.number)
    }

    /// Takes all wakes so far.
    package func reset() {
        bpio_event_counter_reset(descriptor.number)
    }
}
