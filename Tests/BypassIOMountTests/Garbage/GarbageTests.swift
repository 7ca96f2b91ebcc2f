import FUSE
import IOStack
import MemoryFileSystem
import Testing

@testable import BypassIOMount

/// A filter that answers garbage harms the request that it answers, and nothing else: each request
/// has one reply that the kernel takes, and without the filter all is as it was.
struct GarbageTests {
    private struct Random: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ state >> 29
        }
    }

    /// Bytes for which these requests have room; all others have replies of fixed size, at most
    /// that of STATX.
    private static func room(_ opcode: Opcode) -> Int {
        switch opcode {
        case .read, .readDirectory, .readDirectoryPlus: 4096
        case .readLink: 4095
        default: 288
        }
    }

    private static let opcodes: [Opcode] = [
        .lookup, .getAttributes, .setAttributes, .readLink, .symbolicLink, .makeDirectory, .unlink,
        .rename, .link, .open, .read, .write, .fileSystemStatus, .synchronize,
        .setExtendedAttribute, .getExtendedAttribute, .listExtendedAttributes, .flush,
        .openDirectory, .readDirectory, .readDirectoryPlus, .testLock, .setLock, .create, .control,
        .allocate, .seek, .extendedStatus, .copyFileRange64, .synchronizeFileSystem,
    ]

    private let kernel: KernelSide
    private let filter = GarbageFilter()
    private let file: KernelSide.Reply
    private let folder: UInt64

    init() throws {
        kernel = try KernelSide()
        file = kernel.create("file")
        _ = kernel.write(file.node, file.createdHandle, at: 0, [1, 2, 3])
        folder = kernel.send(.openDirectory, Bytes().u32(0).u32(0)).handle
    }

    private func body(_ opcode: Opcode, _ step: Int) -> (node: UInt64, body: Bytes) {
        let (file, handle) = (file.node, file.createdHandle)
        switch opcode {
        case .lookup: return (1, Bytes().name("file"))
        case .getAttributes: return (file, Bytes().u32(0).u32(0).u64(0))
        case .setAttributes: return (file, Bytes().u32(0x1).zeros(84))
        case .readLink, .fileSystemStatus: return (file, Bytes())
        case .symbolicLink: return (1, Bytes().name("s\(step)").name("target"))
        case .makeDirectory: return (1, Bytes().u32(0o755).u32(0o22).name("d\(step)"))
        case .unlink: return (1, Bytes().name("none"))
        case .rename: return (1, Bytes().u64(1).name("none").name("other"))
        case .link: return (1, Bytes().u64(file).name("l\(step)"))
        case .open, .openDirectory:
            return (opcode == .open ? file : 1, Bytes().u32(0).u32(0))
        case .read: return (file, Bytes().u64(handle).u64(0).u32(4096).u32(2).zeros(16))
        case .readDirectory, .readDirectoryPlus:
            return (1, Bytes().u64(folder).u64(0).u32(4096).zeros(20))
        case .write:
            return (file, Bytes().u64(handle).u64(0).u32(3).zeros(20).with([1, 2, 3]))
        case .synchronize: return (file, Bytes().u64(handle).u32(1).u32(0))
        default: return rareBody(opcode, step)
        }
    }

    private func rareBody(_ opcode: Opcode, _ step: Int) -> (node: UInt64, body: Bytes) {
        let (file, handle) = (file.node, file.createdHandle)
        switch opcode {
        case .setExtendedAttribute:
            return (file, Bytes().u32(1).zeros(12).name("user.a").with([7]))
        case .getExtendedAttribute: return (file, Bytes().u32(64).u32(0).name("user.a"))
        case .listExtendedAttributes: return (file, Bytes().u32(64).u32(0))
        case .flush: return (file, Bytes().u64(handle).zeros(16))
        case .testLock, .setLock:
            return (file, Bytes().u64(handle).u64(8).u64(0).u64(99).u32(1).u32(4242).zeros(8))
        case .create:
            return (1, Bytes().u32(2).u32(0o100644).u32(0o22).u32(0).name("c\(step)"))
        case .control:  // FS_IOC_GETFLAGS
            return (file, Bytes().u64(handle).u32(0).u32(0x8008_6601).u64(9).u32(0).u32(8))
        case .allocate: return (file, Bytes().u64(handle).u64(0).u64(3).u32(1).u32(0))
        case .seek: return (file, Bytes().u64(handle).u64(0).u32(3).u32(0))
        case .extendedStatus: return (file, Bytes().u32(0).u32(0).u64(0).u32(0).u32(0xFFF))
        case .copyFileRange64:
            return (
                file, Bytes().u64(handle).u64(0).u64(file).u64(handle).u64(64).u64(3).u64(0)
            )
        default: return (1, Bytes().u64(0))
        }
    }

    /// What a program would close in the end, so that at the end only what the filter lost is left.
    private func release(_ opcode: Opcode, _ reply: KernelSide.Reply) {
        guard reply.errno == 0 else { return }
        switch opcode {
        case .open: _ = kernel.release(file.node, reply.handle)
        case .create: _ = kernel.release(reply.node, reply.createdHandle)
        case .openDirectory:
            _ = kernel.send(.releaseDirectory, Bytes().u64(reply.handle).zeros(16))
        default: break
        }
    }

    @Test("a reply each, which the kernel takes", arguments: 1...2 as ClosedRange<UInt64>)
    func garbage(seed: UInt64) throws {
        let instance = try kernel.memory.attach(filter.registration)
        var random = Random(state: seed)
        for step in 0..<1500 {
            let opcode = try #require(Self.opcodes.randomElement(using: &random))
            let (node, body) = body(opcode, step)
            filter.answer(GarbageFilter.Answer(from: &random))
            let reply = kernel.send(opcode, node: node, body)
            #expect((0...511).contains(reply.errno), "\(opcode)")
            #expect(reply.errno == 0 || reply.body.isEmpty, "\(opcode)")
            #expect(reply.body.count <= Self.room(opcode), "\(opcode) \(reply.body.count)")
            // The end of a file that it let through still meets the filter.
            release(opcode, reply)
        }
        filter.answer(nil)
        try kernel.memory.manager.filterManager.detach(instance, reason: .mandatoryUnload)
        #expect(kernel.lookup("file").node == file.node)
        _ = kernel.write(file.node, file.createdHandle, at: 0, [4, 5, 6])
        #expect(kernel.read(file.node, file.createdHandle, at: 0, 3).body == [4, 5, 6])
        // The requests that the file system saw: all files but these two are closed.
        let counts = kernel.memory.fileSystem.requestCounts
        #expect(counts.cleanups == counts.closes)
        #expect(kernel.fileSystem.handles.count == 2)
    }
}
