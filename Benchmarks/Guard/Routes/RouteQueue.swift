import BypassIOProtocol
import IOStack

/// A read queue whose every slot reads a single page of a route's file.
struct RouteQueue {
    static let depth = 32

    private let queue: ReadQueue
    private let file: QueuedFile

    init(_ route: RouteVolume) throws {
        queue = try ReadQueue(route.volume, depth: Self.depth, slotSize: 4096)
        file = try queue.attach(route.file)
    }

    func read(_ count: Int) throws(IOFailure) {
        var toStart = count
        var running = 0
        while running > 0 || toStart > 0 {
            while toStart > 0, queue.hasFreeSlot {
                let offset = UInt64(toStart % RouteVolume.pages * 4096)
                try queue.read(file, at: offset, length: 4096, tag: UInt64(toStart))
                toStart -= 1
                running += 1
            }
            try queue.submit(waitingFor: 1)
            while let done = queue.next() {
                running -= 1
                guard done.count == 4096 else { throw IOFailure(.endOfFile) }
                queue.release(done)
            }
        }
    }
}
