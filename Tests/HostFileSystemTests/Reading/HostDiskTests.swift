import BypassIOProtocol
import DirectRead
import IOStack
import LinuxKit
import SystemPackage
import TestSupport
import Testing

@testable import HostFileSystem

@Suite("The host's disk as a storage driver")
struct HostDiskTests {
    private let disk = HostDisk(name: "nvme", storageType: "NVMe", supportsBypassIO: true)

    /// A descriptor of a file with the given bytes, open as long as the result lives.
    private func file(_ folder: TemporaryFolder, _ bytes: [UInt8]) throws -> OpenFile {
        OpenFile(try SystemCall.open(try folder.file("file", bytes), [.readWrite]))
    }

    @Test("Reads and writes move the bytes asked for, fewer at the end, none beyond it")
    func transfers() throws {
        let folder = try TemporaryFolder()
        let bytes = pattern(10_000)
        let file = try file(folder, bytes)
        try withExtendedLifetime(file) {
            let handle = StorageHandle(rawValue: file.descriptor.rawValue)
            let buffer = try disk.makeBuffer(capacity: 8192)
            func read(_ offset: UInt64, _ length: Int) throws -> [UInt8] {
                let extent = StorageExtent(handle: handle, offset: offset, length: length)
                let count = try disk.read(extent, into: buffer)
                return buffer.withBytes(count) { [UInt8](copying: $0) }
            }
            #expect(try read(0, 8192) == Array(bytes[..<8192]))
            #expect(try read(9999, 10) == [bytes[9999]])
            #expect(try read(10_000, 10).isEmpty)
            #expect(try read(5, 0).isEmpty)
            buffer.withMutableBytes(3) { span in
                for index in 0..<3 { span[index] = UInt8(index + 1) }
            }
            let extent = StorageExtent(handle: handle, offset: 4, length: 3)
            #expect(try disk.write(extent, from: buffer) == 3)
            #expect(try read(3, 5) == [bytes[3], 1, 2, 3, bytes[7]])
        }
    }

    @Test("Failures are the host's errno")
    func failures() throws {
        let folder = try TemporaryFolder()
        let file = try file(folder, pattern(8192))
        let readOnly = OpenFile(
            try SystemCall.open(folder.path.appending("file"), [.readOnly, .direct]))
        let buffer = try disk.makeBuffer(capacity: 4096)
        func code(_ number: Int32, _ offset: UInt64, write: Bool = false) -> Errno? {
            errno { () throws(IOFailure) in
                let extent = StorageExtent(
                    handle: StorageHandle(rawValue: number), offset: offset, length: 4096)
                _ =
                    write
                    ? try disk.write(extent, from: buffer) : try disk.read(extent, into: buffer)
            }
        }
        withExtendedLifetime((file, readOnly)) {
            #expect(code(-1, 0) == .badFileDescriptor)
            #expect(code(readOnly.descriptor.rawValue, 0, write: true) == .badFileDescriptor)
            #expect(code(readOnly.descriptor.rawValue, 1) == .invalidArgument)
            #expect(code(file.descriptor.rawValue, UInt64.max) == .invalidArgument)
            #expect(code(file.descriptor.rawValue, UInt64.max, write: true) == .invalidArgument)
        }
    }

    @Test("Buffers start on a page, hold what was asked for and cut what is lent")
    func buffers() throws {
        for capacity in [0, 1, 4096, 4097, 1 << 20] {
            let buffer = try disk.makeBuffer(capacity: capacity)
            #expect(buffer.capacity == capacity)
            #expect(buffer.withBytes(Int.max) { $0.count } == capacity)
            #expect(buffer.withMutableBytes(-1) { $0.count } == 0)
        }
        #expect(throws: IOFailure(errno: .invalidArgument)) {
            try disk.makeBuffer(capacity: -1)
        }
    }

    @Test("The policy decides about the mechanism, and its limits are refused")
    func policy() throws {
        let disk = HostDisk(
            name: "nvme", storageType: "NVMe", supportsBypassIO: true, policy: .threadPool)
        #expect(try disk.makeReadEngine(depth: 2, slotSize: 512).summary.contains("pread"))
        disk.policy = .automatic
        let engine = try disk.makeReadEngine(depth: 2, slotSize: 512)
        #expect(engine.depth == 2)
        #expect(engine.slotSize == 512)
        #expect(engine.isOwnedByCurrentThread())
        if let refusal = RingProbe.run().unavailable {
            #expect(engine.summary.contains(refusal.description))
        } else {
            #expect(engine.summary.contains("io_uring"))
        }
        #expect(throws: IOFailure(.invalidParameter)) {
            try disk.makeReadEngine(depth: 0, slotSize: 512)
        }
        #expect(throws: IOFailure(.invalidParameter)) {
            try disk.makeReadEngine(depth: 1, slotSize: 0)
        }
    }

    @Test("A read of an engine fails in its completion, not on the way")
    func engineFailure() throws {
        for policy in [ReadEngines.Policy.automatic, .threadPool] {
            let disk = HostDisk(
                name: "nvme", storageType: "NVMe", supportsBypassIO: true, policy: policy)
            let engine = try disk.makeReadEngine(depth: 1, slotSize: 4096)
            #expect(throws: IOFailure(errno: .badFileDescriptor)) {
                try engine.register(StorageHandle(rawValue: -1))
            }
            let folder = try TemporaryFolder()
            let path = try folder.file("file", pattern(4096))
            let file = OpenFile(try SystemCall.open(path, .writeOnly))
            try withExtendedLifetime(file) {
                let index = try engine.register(
                    StorageHandle(rawValue: file.descriptor.rawValue))
                engine.start(slot: 0, file: index, offset: 0, length: 4096)
                try engine.submit(waitingFor: 1, wakeable: false)
                let done = try #require(engine.nextCompletion())
                #expect(done.result == -Errno.badFileDescriptor.rawValue)
                engine.unregister(index)
            }
        }
    }
}
