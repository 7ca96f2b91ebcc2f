internal import IOStack

/// Who opens a file by a door: told to the door before the kernel is, and called off when the open is
/// over without having come.
final class KernelOpener: Sendable {
    let door: any KernelReadDoor
    private let thread: UInt32

    init(door: any KernelReadDoor, thread: UInt32) {
        self.door = door
        self.thread = thread
        door.expectOpen(by: thread)
    }

    func callOff() { door.callOff(openBy: thread) }
}
