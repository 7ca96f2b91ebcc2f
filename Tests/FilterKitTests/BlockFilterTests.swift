import BypassIOProtocol
import FilterKit
import IOStack
import LinuxKit
import MemoryFileSystem
import Synchronization
import SystemPackage
import TestFilters
import Testing

/// What a ``BlockFilter`` promises beside the bytes.
struct BlockFilterTests {
    private let memory = MemoryVolume()
    private var volume: Volume { memory.volume }

    private func make(_ name: String, _ bytes: [UInt8]) throws {
        let file = try volume.open(
            .init(name), access: [.read, .write], disposition: .overwriteIf)
        defer { file.close() }
        if !bytes.isEmpty { try file.write(bytes, at: 0) }
    }

    private func content(_ name: String) throws -> [UInt8] {
        let file = try volume.open(.init(name))
        defer { file.close() }
        return try file.read(at: 0, length: 1 << 20)
    }

    /// A file's bytes below the filter.
    private func stored(_ name: String, _ instance: FilterInstance) throws -> [UInt8] {
        let file = try instance.open(CreateParameters(path: .init(name)))
        defer { file.close() }
        let buffer = try volume.makeBuffer(capacity: 1 << 20)
        let count = try instance.read(file, at: 0, length: 1 << 20, into: buffer)
        return buffer.withBytes(count) { [UInt8](copying: $0) }
    }

    private func store(
        _ byte: UInt8, at offset: UInt64, of name: String, _ instance: FilterInstance
    )
        throws
    {
        let file = try instance.open(CreateParameters(path: .init(name), access: .write))
        defer { file.close() }
        try instance.write(file, at: offset, length: 1, from: HeapBuffer([byte]))
    }

    private static func text(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 / 7 + 1) }
    }

    @Test("what lies below is another form, with zeros for holes")
    func form() throws {
        let instance = try memory.attach(Mixer())
        let text = Self.text(10_000)
        try make("file", text)
        #expect(try content("file") == text)
        let below = try stored("file", instance)
        #expect(below.count == text.count && below != text)
        try make("zeros", [UInt8](repeating: 0, count: 10_000))
        #expect(try stored("zeros", instance).allSatisfy { $0 == 0 })
        try make("file.plain", text)
        #expect(try stored("file.plain", instance) == text)
    }

    @Test(
        "the block whose stored form would be zeros is read as it was written", arguments: [1, 2])
    func zeroForm(number: UInt64) throws {
        let instance = try memory.attach(Mixer())
        // The data that the mixer turns into zeros.
        var block = [UInt8](repeating: 0, count: 4096)
        var span = block.mutableSpan
        Mixer().decode(&span, number, 0x5A)
        #expect(block.contains { $0 != 0 })
        let bytes = [UInt8](repeating: 1, count: Int(number) * 4096) + block
        try make("file", bytes)
        #expect(try content("file") == bytes)
        let below = try stored("file", instance)[(Int(number) * 4096)...]
        #expect(below.contains { $0 != 0 })
    }

    @Test("files with a key refuse bypass in the filter's words; others bypass it")
    func bypass() throws {
        try memory.attach(Mixer())
        try make("file", Self.text(8192))
        try make("file.plain", Self.text(8192))
        let file = try volume.open("file", options: .nonCached)
        defer { file.close() }
        let refused = try #require(try file.bypassIO(.enable).results)
        #expect(refused.status == .notSupportedWithEncryption)
        #expect(refused.driverName.string == "mixer")
        #expect(refused.failureReason.string == "Files are mixed.")
        let plain = try volume.open("file.plain", options: .nonCached)
        defer { plain.close() }
        #expect(try plain.bypassIO(.enable).results?.status == .success)
        #expect(
            try plain.countedRead(
                at: 0, length: 4096, into: volume.makeBuffer(capacity: 4096)
            ).route == .fullBypass)
    }

    @Test("a block that was changed below fails its reads, and no others")
    func damaged() throws {
        let instance = try memory.attach(Sealer())
        let text = Self.text(20_000)
        try make("file", text)
        try store(7, at: UInt64(18 + 4128 * 2 + 100), of: "file", instance)
        let file = try volume.open("file", access: [.read, .write])
        defer { file.close() }
        #expect(try file.read(at: 0, length: 8192) == Array(text[..<8192]))
        #expect(try file.read(at: 12_288, length: 8000) == Array(text[12_288...]))
        for (offset, length) in [(8192, 1), (0, 8193), (8000, 12_000)] {
            #expect(throws: IOFailure(.dataError)) {
                try file.read(at: UInt64(offset), length: length)
            }
        }
        #expect(throws: IOFailure(.dataError)) { try file.write([1], at: 9000) }
        // It is whole again once it is written as a whole.
        try file.write(Array(text[8192..<12_288]), at: 8192)
        #expect(try file.read(at: 0, length: 30_000) == text)
    }

    @Test("a block in another's place is found, too")
    func moved() throws {
        let instance = try memory.attach(Sealer())
        try make("file", Self.text(8192))
        let below = try stored("file", instance)
        for index in 0..<4128 {
            try store(below[18 + index], at: UInt64(18 + 4128 + index), of: "file", instance)
        }
        #expect(throws: IOFailure(.dataError)) { try content("file") }
    }

    @Test("sizes of files are those of their data wherever they are told")
    func sizes() throws {
        let instance = try memory.attach(Sealer())
        for size in [0, 1, 4096, 4097, 10_000] {
            let name = "file \(size)"
            try make(name, Self.text(size))
            #expect(
                try stored(name, instance).count
                    == (size == 0 ? 0 : 18 + size + 32 * ((size + 4095) / 4096)))
            let root = try volume.open("")
            defer { root.close() }
            #expect(try root.status(of: #require(FilePath.Component(name))).size == UInt64(size))
            let entry = try #require(
                try root.entries(after: 0, limit: 100, withInformation: true)
                    .first { $0.name == Array(name.utf8) })
            #expect(entry.information?.size == UInt64(size))
            let file = try volume.open(.init(name))
            defer { file.close() }
            #expect(try file.status().size == UInt64(size))
            #expect(try file.information().size == UInt64(size))
        }
    }

    @Test("a key lasts as long as the header, and an empty file gets a new one")
    func headers() throws {
        let instance = try memory.attach(Sealer())
        try make("one", Self.text(10))
        try make("two", Self.text(10))
        let first = try stored("one", instance)[0]
        #expect(try stored("two", instance)[0] != first)
        let file = try volume.open("one", access: [.read, .write])
        try file.write([1, 2, 3], at: 5000)
        #expect(try stored("one", instance)[0] == first)
        file.close()
        try make("one", [])
        #expect(try stored("one", instance) == [])
        try make("one", Self.text(10))
        #expect(try stored("one", instance)[0] != first)
        #expect(try content("one") == Self.text(10))
    }

    @Test("a new file that is written as a whole is one write below, and one open")
    func oneWrite() throws {
        try memory.attach(Sealer())
        let below = RequestCounter()
        try memory.attach(below)
        let file = try volume.open("file", access: .write, disposition: .create)
        try file.write(Self.text(10_000), at: 0)
        #expect(below.counts.withLock { $0 } == [.create: 1, .write: 1])
        // A part of a block has to be read, which the program's file object cannot.
        try file.write([1, 2, 3], at: 5000)
        #expect(below.counts.withLock { $0 } == [.create: 2, .write: 2, .read: 1])
        // The file may be one that cannot be opened for writing any more.
        #expect(below.lastAccess.withLock { $0 } == .read)
        file.close()
        var text = Self.text(10_000)
        text.replaceSubrange(5000..<5003, with: [1, 2, 3])
        #expect(try content("file") == text)
    }

    @Test("a write behind the end, in the block of the end, changes nothing but that block")
    func behindTheEnd() throws {
        try memory.attach(Sealer(hasShortHoles: false))
        try make("file", Self.text(100))
        let below = RequestCounter()
        try memory.attach(below)
        let file = try volume.open("file", access: [.read, .write])
        defer { file.close() }
        try file.write([1], at: 4000)
        #expect(below.counts.withLock { $0[.write] } == 1)
        #expect(
            try file.read(at: 0, length: 5000) == Self.text(100) + Array(repeating: 0, count: 3900)
                + [1])
    }

    @Test("zeros in the place of a short block are no hole where the layout has none")
    func shortHoles() throws {
        for hasShortHoles in [true, false] {
            let memory = MemoryVolume()
            let instance = try memory.attach(Sealer(hasShortHoles: hasShortHoles))
            let file = try memory.volume.open(
                "file", access: [.read, .write], disposition: .create)
            try file.apply(.endOfFile(5000))
            let below = try instance.open(CreateParameters(path: "file"))
            let buffer = try memory.volume.makeBuffer(capacity: 8192)
            let count = try instance.read(below, at: 0, length: 8192, into: buffer)
            let stored = buffer.withBytes(count) { [UInt8](copying: $0) }
            below.close()
            #expect(count == 18 + 5000 + 64)
            #expect(stored[18..<4146].allSatisfy { $0 == 0 })
            #expect(stored[4146...].allSatisfy { $0 == 0 } == hasShortHoles)
            #expect(try file.read(at: 0, length: 8192) == [UInt8](repeating: 0, count: 5000))
            let raw = try instance.open(CreateParameters(path: "file", access: .write))
            let zeros = HeapBuffer([UInt8](repeating: 0, count: 936))
            try instance.write(raw, at: 4146, length: 936, from: zeros)
            raw.close()
            if hasShortHoles {
                #expect(try file.read(at: 4096, length: 904) == Array(repeating: 0, count: 904))
            } else {
                #expect(throws: IOFailure(.dataError)) { try file.read(at: 4096, length: 904) }
            }
            file.close()
        }
    }

    @Test("a filter may refuse opens and changes of its own choice")
    func refusals() throws {
        try memory.attach(Sealer(refusing: "kept"))
        #expect(throws: IOFailure(errno: .notPermitted)) {
            try volume.open("kept", access: .write, disposition: .create)
        }
        let file = try volume.open("other", access: [.read, .write], disposition: .create)
        defer { file.close() }
        let root = try volume.open("")
        defer { root.close() }
        #expect(throws: IOFailure(errno: .notPermitted)) {
            try root.apply(.rename(from: "other", to: "kept", in: root, []))
        }
        try root.apply(.rename(from: "other", to: "more", in: root, []))
    }

    @Test("a filter comes before files are open, and stays")
    func attaching() throws {
        let file = try volume.open("early", access: .write, disposition: .create)
        let filter = try memory.manager.filterManager.register(Mixer())
        #expect(throws: NTStatus.fltDoNotAttach) {
            try memory.manager.filterManager.attach(filter, to: volume)
        }
        file.close()
        let instance = try memory.manager.filterManager.attach(filter, to: volume)
        #expect(throws: NTStatus.fltDoNotDetach) {
            try memory.manager.filterManager.detach(instance)
        }
    }

    @Test(
        "a write that fails below counts what is whole, and leaves no half block",
        arguments: [true, false])
    func failedWrite(isSealed: Bool) throws {
        let filter: any Filter = isSealed ? Sealer() : Mixer()
        let stored = isSealed ? 4128 : 4096
        try memory.attach(filter)
        let limit = UInt64((isSealed ? 18 : 0) + 2 * stored + 1000)
        try memory.attach(FullDisk(limit))
        let file = try volume.open("file", access: [.read, .write], disposition: .create)
        defer { file.close() }
        let text = Self.text(20_000)
        #expect(try file.write(text, at: 0) == 8192)
        #expect(try file.status().size == 8192)
        #expect(try file.read(at: 0, length: 20_000) == Array(text[..<8192]))
        #expect(throws: IOFailure(.diskFull)) { try file.write(Self.text(4096), at: 8192) }
        #expect(try file.status().size == 8192)
        #expect(try file.write([1, 2], at: 8192) == 2)
        #expect(try file.read(at: 8190, length: 10) == Array(text[8190..<8192]) + [1, 2])
    }

    @Test("a failure below reaches the program with its errno")
    func failures() throws {
        try memory.attach(Mixer())
        try make("file", Self.text(100))
        try memory.attach(BusyText())
        let file = try volume.open("file", access: [.read, .write])
        defer { file.close() }
        let busy = IOFailure(errno: .textFileBusy)
        #expect(throws: busy) { try file.write([1], at: 0) }
        #expect(throws: busy) { try file.apply(.endOfFile(10)) }
        #expect(throws: busy) {
            try volume.open("file", access: .write, disposition: .overwrite)
        }
        #expect(try file.read(at: 0, length: 200) == Self.text(100))
    }

    @Test("threads that write within one block, and that append, lose nothing")
    func manyWriters() throws {
        try memory.attach(Mixer())
        try make("file", [UInt8](repeating: 9, count: 4096))
        try make("log", [])
        let volume = volume
        let threads = try (0..<4).map { number in
            try OwnThread.start(named: "writer") {
                do {
                    let file = try volume.open("file", access: [.read, .write])
                    let log = try volume.open("log", access: .write, options: .append)
                    defer {
                        file.close()
                        log.close()
                    }
                    for round in 1...100 {
                        let byte = UInt8(number * 32 + round % 32)
                        let bytes = [UInt8](repeating: byte, count: 1000)
                        try file.write(bytes, at: UInt64(number * 1024))
                        let found = try file.read(at: UInt64(number * 1024), length: 1000)
                        guard found == bytes else { throw Difference("other bytes") }
                        try log.write([UInt8](repeating: UInt8(number), count: 37), at: 0)
                    }
                } catch {
                    Issue.record("\(error)")
                }
            }
        }
        for thread in threads { thread.join() }
        let log = try content("log")
        #expect(log.count == 4 * 100 * 37)
        for start in stride(from: 0, to: log.count, by: 37) {
            #expect(log[start..<start + 37].allSatisfy { $0 == log[start] })
        }
        let file = try content("file")
        #expect(
            (0..<4).allSatisfy { file[$0 * 1024 + 1000..<($0 + 1) * 1024].allSatisfy { $0 == 9 } })
    }

    @Test("what only clears may end anywhere", arguments: [true, false])
    func clearing(isSealed: Bool) throws {
        let filter: any Filter = isSealed ? Sealer() : Mixer()
        try memory.attach(filter)
        let text = Self.text(10_000)
        try make("file", text)
        let file = try volume.open("file", access: [.read, .write])
        defer { file.close() }
        let farthest = UInt64(Int64.max)
        for (allocation, start) in [
            (FileChange.Allocation.punchHole, UInt64(9000)), (.zeroRangeKeepingSize, 8000),
        ] {
            try file.apply(
                .allocation(allocation, offset: start, length: farthest - start))
            let left = Array(text[..<Int(start)])
            #expect(
                try file.read(at: 0, length: 20_000)
                    == left + [UInt8](repeating: 0, count: 10_000 - Int(start)))
            #expect(throws: IOFailure(errno: .fileTooLarge)) {
                try file.apply(
                    .allocation(allocation, offset: start, length: farthest - start + 1))
            }
        }
        if isSealed {
            #expect(throws: IOFailure(errno: .fileTooLarge)) {
                try file.apply(.allocation(.zeroRange, offset: 0, length: farthest))
            }
        }
    }

    @Test("it does not attach beside an open that began while it was about to")
    func lateOpen() throws {
        try make("file", Self.text(10_000))
        let opened = Guarded<FileObject?>(nil)
        var registration = Mixer().registration
        let setup = registration.instanceSetup
        registration.instanceSetup = { instance, reason in
            let agrees = setup?(instance, reason) ?? true
            let file = try? instance.volume.open("file")
            opened.withLock { $0 = file }
            return agrees
        }
        #expect(throws: NTStatus.fltDoNotAttach) { try memory.attach(registration) }
        let file = try #require(opened.withLock { $0 })
        // What it reads is what it read before.
        #expect(try file.read(at: 0, length: 10_000) == Self.text(10_000))
        file.close()
        #expect(volume.instances.isEmpty)
    }

    @Test("readers get in while others write without end")
    func turns() throws {
        try memory.attach(Mixer())
        try make("file", [UInt8](repeating: 9, count: 4096))
        let volume = volume
        let isOver = Atomic(false)
        let threads = try (0..<3).map { number in
            try OwnThread.start(named: "writer") {
                do {
                    let file = try volume.open("file", access: [.read, .write])
                    defer { file.close() }
                    while !isOver.load(ordering: .relaxed) {
                        try file.write([9, 9, 9], at: UInt64(number * 100))
                    }
                } catch {
                    Issue.record("\(error)")
                }
            }
        }
        let file = try volume.open("file")
        defer { file.close() }
        for _ in 0..<200 {
            #expect(try file.read(at: 0, length: 10) == [9, 9, 9, 9, 9, 9, 9, 9, 9, 9])
        }
        isOver.store(true, ordering: .relaxed)
        for thread in threads { thread.join() }
    }
}

/// Counts what comes to it.
private final class RequestCounter: Filter {
    let name = "counter"
    let altitude = Altitude(integer: 80_200)
    let supportedFeatures: FilterRegistration.Features = .bypassIO
    let counts = Guarded<[MajorFunction: Int]>([:])
    /// Of the last open.
    let lastAccess = Guarded<CreateParameters.Access>([])

    var otherOperations: [OperationRegistration] {
        [.create, .read, .write].map { function in
            OperationRegistration(
                function,
                preOperation: { [self] data, _ in
                    if case .create(let parameters) = data.parameters {
                        self.lastAccess.withLock { $0 = parameters.access }
                    }
                    self.counts.withLock { $0[function, default: 0] += 1 }
                    return .successNoCallback
                })
        }
    }
}

/// Has no room for bytes from an offset on; what fits of a write is written.
private final class FullDisk: Filter, PreWriteFilter {
    let name = "fulldisk"
    let altitude = Altitude(integer: 80_000)
    let supportedFeatures: FilterRegistration.Features = .bypassIO
    private let limit: UInt64

    init(_ limit: UInt64) { self.limit = limit }

    func willWrite(_ write: PreWrite) -> PreOperationAnswer {
        guard write.offset < limit else { return .fail(.diskFull) }
        write.length = Int(min(UInt64(write.length), limit - write.offset))
        return .pass
    }
}

/// Fails writes and changes with an errno that no status stands for.
private final class BusyText: Filter {
    let name = "busytext"
    let altitude = Altitude(integer: 80_100)
    let supportedFeatures: FilterRegistration.Features = .bypassIO

    var otherOperations: [OperationRegistration] {
        [.write, .setInformation].map { function in
            OperationRegistration(
                function,
                preOperation: { data, _ in
                    let failure = IOFailure(errno: .textFileBusy)
                    data.fail(failure.status, hostErrno: failure.hostErrno)
                    return .complete
                })
        }
    }
}
