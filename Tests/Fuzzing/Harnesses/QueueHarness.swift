import BypassIOProtocol
import IOStack
import MemoryFileSystem
import Minifilters
import SystemPackage

/// Reads in flight that the disk finishes late, in any order, or fails, while handles, filters and
/// controls come and go: each read comes back once, with the file's bytes or an error, and no
/// bypassed read is in flight after a pause has returned.
enum QueueHarness: Harness {
    static let name = "queue"

    static func attempt(_ input: [UInt8]) {
        guard let run = try? QueueRun() else { fatalError("a queue in memory begins") }
        var choices = Choices(input)
        for _ in 0..<128 where !choices.isAtEnd { run.step(&choices) }
        run.end()
    }
}

private final class QueueRun {
    private static let size = 16384
    private static let depth = 8

    private struct Read {
        let offset: Int
        let length: Int
    }

    private let memory = MemoryVolume(
        drivers: [ScriptedVolumeDriver(name: "driver")], suspensionPolicy: .strict)
    private let queue: ReadQueue
    private var files: [(file: FileObject, queued: QueuedFile)] = []
    private var filters: [FilterInstance] = []
    private var reads: [UInt64: Read] = [:]
    private var lastTag: UInt64 = 0
    private var altitude: UInt = 100_000
    /// Each byte tells its place.
    private let contents = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }

    init() throws {
        let file = try memory.volume.open(
            "file", access: [.read, .write], disposition: .create)
        _ = try file.write(contents, at: 0)
        file.close()
        queue = try ReadQueue(memory.volume, depth: Self.depth, slotSize: Self.size)
        // Reads that the disk holds back may keep a pause waiting no longer.
        memory.volume.drainLimit = .milliseconds(1)
        memory.disk.holdReads()
    }

    func step(_ choices: inout Choices) {
        switch choices.byte() % 13 {
        case 0, 1: open()
        case 2: close(&choices)
        case 3, 4, 5: begin(&choices)
        case 6: memory.disk.releaseOldest(Int(choices.byte() & 3))
        case 7: memory.disk.releaseNewest(Int(choices.byte() & 3))
        case 8: take()
        case 9: control(&choices)
        case 10: attach(&choices)
        case 11: detach(&choices)
        default: memory.disk.readErrno = choices.byte() & 1 == 0 ? nil : 5
        }
    }

    func end() {
        memory.disk.stopHoldingReads()
        while !reads.isEmpty {
            let before = reads.count
            guard (try? queue.submit(waitingFor: 1)) != nil else { fatalError("a queue goes on") }
            take()
            demand(reads.count < before, "a read that the disk finished comes back")
        }
        for (file, queued) in files {
            demand((try? queue.detach(queued)) != nil, "a file without reads leaves its queue")
            file.close()
        }
        demand(memory.volume.activeBypassCount == 0, "the last close leaves no bypass")
        let inFlight = memory.volume.bypassedReadsInFlight
        demand(inFlight == (0, 0), "what is done is not counted as in flight")
        queue.close()
        demand((try? memory.manager.dismount(memory.volume)) != nil, "no file stays open")
        demand(memory.disk.openHandles == 0, "what is closed is closed on the disk")
    }

    private func open() {
        guard files.count < 6, let file = try? memory.volume.open("file") else { return }
        file.declareUncached()
        guard let queued = try? queue.attach(file) else { fatalError("a queue takes a file") }
        files.append((file, queued))
    }

    /// A file whose reads are in flight stays.
    private func close(_ choices: inout Choices) {
        guard !files.isEmpty else { return }
        let index = Int(choices.byte()) % files.count
        guard (try? queue.detach(files[index].queued)) != nil else { return }
        files.remove(at: index).file.close()
    }

    private func begin(_ choices: inout Choices) {
        guard let (_, queued) = choices.element(of: files), queue.hasFreeSlot else { return }
        let read = Read(offset: Int(choices.byte()) * 128, length: Int(choices.byte()) * 64)
        lastTag += 1
        let begins: Void? = try? queue.read(
            queued, at: UInt64(read.offset), length: read.length, tag: lastTag)
        demand(begins != nil, "a free slot takes a read")
        reads[lastTag] = read
        demand((try? queue.submit()) != nil, "a read is submitted")
    }

    private func take() {
        while let done = queue.next() {
            guard let read = reads.removeValue(forKey: done.tag) else {
                fatalError("a read comes back once")
            }
            if done.failure == nil {
                let start = min(read.offset, Self.size)
                let expected = contents[start..<min(Self.size, start + read.length)]
                let isRight = queue.withBytes(of: done) { [UInt8](copying: $0) }
                    .elementsEqual(expected)
                demand(isRight, "a read returns the file's bytes")
            }
            queue.release(done)
        }
    }

    private func control(_ choices: inout Choices) {
        guard let (file, _) = choices.element(of: files),
            let operation = choices.element(of: Self.operations)
        else { return }
        let answer = try? file.bypassIO(operation)
        guard operation == .streamPause, answer?.results?.status.isError != true, answer != nil
        else { return }
        demand(
            memory.volume.bypassedReadsInFlight.pastFilters == 0,
            "no bypassed read of the only file is in flight after its pause")
    }

    private static let operations: [BypassIOOperation] = [
        .enable, .enable, .disable, .query, .streamPause, .streamResume, .volumeStackPause,
        .volumeStackResume,
    ]

    private func attach(_ choices: inout Choices) {
        guard filters.count < 4 else { return }
        altitude += 1
        let vetoes = choices.byte() & 1 == 0
        let registration = FilterRegistration(
            name: "filter-\(altitude)", altitude: Altitude(integer: altitude),
            supportedFeatures: vetoes ? [] : .bypassIO,
            operations: [
                OperationRegistration(
                    .read, preOperation: { _, _ in .successWithCallback(.none) },
                    postOperation: { _, _, _ in .finishedProcessing })
            ], kernelReads: .unwatched)
        if let instance = try? memory.attach(registration) { filters.append(instance) }
    }

    private func detach(_ choices: inout Choices) {
        guard !filters.isEmpty else { return }
        let instance = filters.remove(at: Int(choices.byte()) % filters.count)
        try? memory.manager.filterManager.detach(instance)
    }
}
