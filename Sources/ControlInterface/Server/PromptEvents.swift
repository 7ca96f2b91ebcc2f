import FlyingSocks
import LinuxKit

/// Waits for sockets as `Queue` does. The thread that waits is prompt meanwhile, and so sees an
/// event before usual threads take its processor: it is one of Dispatch's, which nobody made
/// prompt.
struct PromptEvents<Queue: EventQueue>: EventQueue {
    private var queue: Queue

    init(_ queue: Queue) { self.queue = queue }

    mutating func open() throws { try queue.open() }
    mutating func stop() throws { try queue.stop() }
    mutating func close() throws { try queue.close() }

    mutating func addEvents(
        _ events: Socket.Events, for socket: Socket.FileDescriptor
    ) throws {
        try queue.addEvents(events, for: socket)
    }

    mutating func removeEvents(
        _ events: Socket.Events, for socket: Socket.FileDescriptor
    ) throws {
        try queue.removeEvents(events, for: socket)
    }

    func getNotifications() throws -> [EventNotification] {
        try PromptThread.lending { try queue.getNotifications() }
    }
}
