internal import IOStack

/// An open through a door. The door expects it before the kernel opens; it is called off if it ends
/// without the kernel's open.
struct KernelOpener: Sendable {
    let door: any KernelReadDoor
    private let open: ExpectedOpen

    /// - Parameter thread: the opening thread.
    init(door: any KernelReadDoor, thread: UInt32) {
        self.door = door
        open = door.expectOpen(by: thread)
    }

    func callOff() { door.callOff(open) }
}
