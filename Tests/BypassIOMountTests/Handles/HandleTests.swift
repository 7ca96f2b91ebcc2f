import BypassIOProtocol
import FUSE
import Foundation
import IOStack
import MemoryFileSystem
import Testing

@testable import BypassIOMount

/// Open files: the requestor of each, the filters a request skips, and numbers that name no file.
struct HandleTests {
    private let kernel: KernelSide

    init() throws {
        kernel = try KernelSide()
    }

    private static let direct: UInt32 = 0o40000

    /// The requests that a filter saw.
    private final class Seen: Sendable {
        let requests = Guarded<[(MajorFunction, Requestor)]>([])
        var reads: Int { requests.withLock { $0.count { $0.0 == .read } } }
    }

    private func watch() throws -> Seen {
        let seen = Seen()
        try kernel.memory.attach(
            FilterRegistration(
                name: "watch", altitude: Altitude(integer: 1), supportedFeatures: .bypassIO,
                operations: MajorFunction.allCases.map { major in
                    OperationRegistration(
                        major,
                        preOperation: { data, _ in
                            seen.requests.withLock { $0.append((major, data.requestor)) }
                            return .successNoCallback
                        })
                }))
        return seen
    }

    @Test func filtersSeeWhoAsks() throws {
        let seen = try watch()
        let made = kernel.create("a")
        kernel.caller = (user: 5, group: 6, process: 7)
        _ = kernel.write(made.node, made.createdHandle, at: 0, [1])
        kernel.caller = (user: 0, group: 0, process: 8)
        _ = kernel.attributes(made.node)
        let requests = seen.requests.withLock { $0 }
        let write = try #require(requests.first { $0.0 == .write }?.1)
        #expect(write == .user(5, group: 6, process: 7))
        let query = try #require(requests.last { $0.0 == .queryInformation }?.1)
        #expect(query == .user(0, group: 0, process: 8, administrator: true))
    }

    @Test func aFiltersOwnReadsAreNoneOfThePrograms() throws {
        let instance = try kernel.memory.attach(
            FilterRegistration(
                name: "reader", altitude: Altitude(integer: 2), supportedFeatures: .bypassIO,
                operations: []))
        let made = kernel.create("a")
        _ = kernel.write(made.node, made.createdHandle, at: 0, [1, 2, 3])
        #expect(kernel.read(made.node, made.createdHandle, at: 0, 3).body == [1, 2, 3])
        let file = try kernel.fileSystem.handles.handle(HandleID(made.createdHandle)).file
        let buffer = try file.volume.makeBuffer(capacity: 512)
        #expect(try instance.read(file, at: 0, length: 3, into: buffer) == 3)
        for _ in 0..<2 {
            let counts = kernel.fileSystem.handles.tally[.traditional]
            #expect(counts.reads == 1 && counts.bytes == 3, "\(counts)")
            _ = kernel.release(made.node, made.createdHandle)
        }
    }

    @Test func aFileBelongsToWhoMadeItWithWhatTheUmaskLeaves() throws {
        let made = kernel.create("a", mode: 0o666, umask: 0o027)
        let attributes = kernel.attributes(made.node)
        #expect(attributes.u32(16 + 60) == 0o100640)
        #expect(attributes.u32(16 + 68) == 1000)
    }

    // MARK: The control code

    private func control(_ node: UInt64, _ handle: UInt64, _ message: [UInt8]) -> KernelSide.Reply {
        kernel.send(
            .control, node: node,
            Bytes().u64(handle).u32(0).u32(0xC200_4201).u64(0).u32(UInt32(message.count))
                .u32(512).with(message))
    }

    private func message(_ operation: UInt32) -> [UInt8] {
        Bytes().u32(0x0009_0448).u32(0).u32(24).u32(352).u64(0).u32(operation).zeros(484).bytes
    }

    @Test func afterEnableReadsSkipTheFilterAndOthersDoNot() throws {
        let made = kernel.create("a")
        _ = kernel.write(made.node, made.createdHandle, at: 0, [UInt8](repeating: 7, count: 8192))
        // A cached handle would suspend the bypass of the others (spec 4.6).
        _ = kernel.release(made.node, made.createdHandle)
        let seen = try watch()
        let one = kernel.open(made.node, flags: Self.direct).handle
        let other = kernel.open(made.node, flags: Self.direct).handle
        _ = kernel.read(made.node, one, at: 0, 4096)
        #expect(seen.reads == 1)

        let answer = control(made.node, one, message(1))
        #expect(answer.errno == 0)
        #expect(answer.body.count == 16 + 24 + 352, "up to where the output ends")
        #expect(answer.u32(16 + 16) == 0, "STATUS_SUCCESS")
        #expect(answer.u32(16 + 20) == 352)
        let before = seen.reads
        #expect(kernel.read(made.node, one, at: 4096, 4096).body.count == 4096)
        #expect(seen.reads == before, "past the filter")
        _ = kernel.read(made.node, other, at: 0, 4096)
        #expect(seen.reads == before + 1, "each handle stands alone")

        _ = control(made.node, one, message(2))
        _ = kernel.read(made.node, one, at: 0, 4096)
        #expect(seen.reads == before + 2)
    }

    @Test func aCachedHandleTakesTheTraditionalRoute() throws {
        let made = kernel.create("a")
        _ = kernel.write(made.node, made.createdHandle, at: 0, [UInt8](repeating: 7, count: 4096))
        let seen = try watch()
        #expect(control(made.node, made.createdHandle, message(1)).errno == 0)
        let before = seen.reads
        _ = kernel.read(made.node, made.createdHandle, at: 0, 4096)
        #expect(seen.reads == before + 1)
    }

    @Test("spec 4.6: an open without O_DIRECT suspends until its release, as a mapping does")
    func cachedAndMappedHandlesSuspend() throws {
        let made = kernel.create("a")
        _ = kernel.write(made.node, made.createdHandle, at: 0, [UInt8](repeating: 7, count: 8192))
        let seen = try watch()
        let one = kernel.open(made.node, flags: Self.direct).handle
        #expect(control(made.node, one, message(1)).errno == 0)
        func isBypassed() -> Bool {
            let before = seen.reads
            #expect(kernel.read(made.node, one, at: 0, 4096).body.count == 4096)
            return seen.reads == before
        }
        #expect(!isBypassed(), "the handle that made the file is open")
        _ = kernel.release(made.node, made.createdHandle)
        #expect(isBypassed())
        let cached = kernel.open(made.node, flags: 0).handle
        #expect(!isBypassed(), "the kernel may read ahead and map without a request")
        _ = kernel.release(made.node, cached)
        #expect(isBypassed())
        let mapper = kernel.open(made.node, flags: Self.direct).handle
        #expect(isBypassed())
        _ = kernel.read(made.node, mapper, at: 0, 4096, forCache: true)
        #expect(!isBypassed(), "a page fault through an O_DIRECT handle")
        _ = kernel.release(made.node, mapper)
        #expect(isBypassed())
    }

    @Test("however many handles a client opens, what a file tells of them fits an attribute")
    func manyHandles() throws {
        let made = kernel.create("a")
        for _ in 0..<3000 { _ = kernel.open(made.node) }
        let reply = kernel.send(
            .getExtendedAttribute, node: made.node,
            Bytes().u32(65536).u32(0).name(StreamReport.attribute))
        #expect(reply.errno == 0 && reply.body.count <= 65536)
        let report = try JSONDecoder().decode(StreamReport.self, from: Data(reply.body))
        #expect(report.handles.count >= 256)
        #expect(report.furtherHandles == 3001 - report.handles.count)
    }

    @Test func theRootIsTheVolume() throws {
        let root = kernel.send(.openDirectory, Bytes().u32(0).u32(0)).handle
        let query = control(1, root, message(3))
        #expect(query.u32(16 + 16) == 0)
        #expect(query.u32(16 + 24 + 24) == 0, "OpStatus of a QUERY")
        let enable = control(1, root, message(1))
        #expect(
            enable.u32(16 + 24 + 24) == NTStatus.volumeNotSupported.rawValue,
            "OpStatus of an ENABLE")
    }

    @Test func controlsThatAreWrong() throws {
        let made = kernel.create("a")
        let handle = made.createdHandle
        let other = kernel.send(
            .control, node: made.node,
            Bytes().u64(handle).u32(0).u32(0x5401).u64(0).u32(0).u32(0))
        #expect(other.errno == 25, "another ioctl: ENOTTY")
        var flags = message(3)
        flags[4] = 1
        #expect(control(made.node, handle, flags).errno == 22)
        var long = message(3)
        long.replaceSubrange(8..<12, with: Bytes().u32(489).bytes)
        let longAnswer = control(made.node, handle, long)
        #expect(longAnswer.errno == 0)
        #expect(longAnswer.u32(16 + 16) == 0, "of a longer buffer the first 488 bytes count")
        #expect(control(made.node, handle, Array(message(3).prefix(100))).errno == 22)
        var short = message(3)
        short.replaceSubrange(12..<16, with: Bytes().u32(8).bytes)
        let answer = control(made.node, handle, short)
        #expect(answer.errno == 0)
        #expect(Int32(bitPattern: answer.u32(16 + 16)) < 0, "the control itself fails")
    }

    // MARK: Numbers

    @Test func aHandleThatWasReleasedStandsForNothing() throws {
        let made = kernel.create("a")
        _ = kernel.release(made.node, made.createdHandle)
        #expect(kernel.read(made.node, made.createdHandle, at: 0, 1).errno == 9)
        let next = kernel.open(made.node).handle
        #expect(next != made.createdHandle, "the place is used again, the number is not")
        for number in [0, 1, .max, next + 1] as [UInt64] {
            #expect(kernel.read(made.node, number, at: 0, 1).errno == 9)
        }
        #expect(kernel.release(made.node, 12345).errno == 0)
    }

    @Test func whatTheKernelLeavesOpenIsClosedAtTheEnd() throws {
        let made = kernel.create("a")
        _ = kernel.open(made.node)
        _ = kernel.send(.openDirectory, Bytes().u32(0).u32(0))
        kernel.fileSystem.closeAll()
        #expect(kernel.fileSystem.handles.count == 0)
        try kernel.memory.manager.dismount(kernel.memory.volume)
    }
}
