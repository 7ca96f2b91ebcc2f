package import CKernelABI

/// The three io_uring system calls, replaceable so that tests can refuse them as a kernel would.
///
/// Each returns the kernel's result or a negated `errno`.
@safe
package struct RingSystemCalls: Sendable {
    package typealias Setup =
        @convention(c) (UInt32, UnsafeMutablePointer<bpio_ring_params>) -> Int32
    package typealias Enter =
        @convention(c) (Int32, UInt32, UInt32, UInt32, UnsafePointer<bpio_getevents_arg>?) -> Int32
    package typealias Register =
        @convention(c) (Int32, UInt32, UnsafeRawPointer?, UInt32) -> Int32

    package var setup: Setup
    package var enter: Enter
    package var register: Register

    package init(
        setup: Setup = unsafe bpio_ring_setup, enter: Enter = unsafe bpio_ring_enter,
        register: Register = unsafe bpio_ring_register
    ) {
        unsafe self.setup = setup
        unsafe self.enter = enter
        unsafe self.register = register
    }

    package static var kernel: RingSystemCalls { unsafe RingSystemCalls() }
}
