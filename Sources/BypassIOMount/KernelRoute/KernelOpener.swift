internal import IOStack

/// An open by a door: told to the door before the kernel is, and called off when it is over without
/// having come.
struct KernelOpener: Sendable {
    let door: any KernelReadDoor
    private let open: ExpectedOpen

    /// - Parameter thread: who opens.
    init(door: any KernelReadDoor, thread: UInt32) {
        self.door = door
        open = door.expectOpen(by: thread)
    }

    func callOff() { door.callOff(open) }
}
