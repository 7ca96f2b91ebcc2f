import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

@testable import BypassIOMount
@testable import FUSE

/// The rights that a control needs to stop the bypass of other handles (docs/controls.md).
struct PauseRightTests {
    private static let pause: UInt32 = 6
    private static let resume: UInt32 = 7
    private static let owner: UInt32 = 1000
    private static let other: UInt32 = 1001

    private func kernelSide(_ pausers: StreamPausers = .owner) throws -> KernelSide {
        var options = VolumeMountOptions()
        options.pausers = pausers
        return try KernelSide(options)
    }

    /// The status of a control that `user` sends through a handle opened with `access`: 0, 1 or 2,
    /// as for open(2).
    private func status(
        _ operation: UInt32, by user: UInt32, access: UInt32, _ kernel: KernelSide, _ node: UInt64
    ) -> UInt32 {
        kernel.caller.user = user
        let handle = kernel.open(node, flags: access).handle
        let message = Bytes().u32(0x0009_0448).u32(0).u32(24).u32(352).u64(0).u32(operation)
            .zeros(484).bytes
        let reply = kernel.send(
            .control, node: node,
            Bytes().u64(handle).u32(0).u32(0xC200_4201).u64(0).u32(UInt32(message.count))
                .u32(512).with(message))
        _ = kernel.release(node, handle)
        return reply.u32(16 + 16)
    }

    private func fileOfOwner(_ kernel: KernelSide) -> UInt64 {
        kernel.caller.user = Self.owner
        let made = kernel.create("a")
        _ = kernel.release(made.node, made.createdHandle)
        return made.node
    }

    @Test(
        "the owner and root may pause and resume; another user may not", arguments: [pause, resume])
    func owners(operation: UInt32) throws {
        let kernel = try kernelSide()
        let node = fileOfOwner(kernel)
        for access in [0, 2] as [UInt32] {
            #expect(status(operation, by: Self.owner, access: access, kernel, node) == 0)
            #expect(status(operation, by: 0, access: access, kernel, node) == 0)
            #expect(
                status(operation, by: Self.other, access: access, kernel, node)
                    == NTStatus.accessDenied.rawValue)
        }
    }

    @Test("a handle that may not read does not pause, unless root has it")
    func writers() throws {
        let kernel = try kernelSide()
        let node = fileOfOwner(kernel)
        let denied = NTStatus.accessDenied.rawValue
        #expect(status(Self.pause, by: Self.owner, access: 1, kernel, node) == denied)
        #expect(status(Self.pause, by: 0, access: 1, kernel, node) == 0)
    }

    @Test("a refused pause changes nothing")
    func unchanged() throws {
        let kernel = try kernelSide()
        let node = fileOfOwner(kernel)
        let file = try kernel.memory.volume.open("a")
        defer { file.close() }
        _ = status(Self.pause, by: Self.other, access: 0, kernel, node)
        #expect(!file.stream.isPaused)
    }

    @Test("pause=anyone is the rule of Windows")
    func anyone() throws {
        let kernel = try kernelSide(.anyone)
        let node = fileOfOwner(kernel)
        #expect(status(Self.pause, by: Self.other, access: 1, kernel, node) == 0)
        #expect(status(Self.resume, by: Self.other, access: 0, kernel, node) == 0)
    }

    @Test("arguments that are wrong are told first")
    func arguments() throws {
        let kernel = try kernelSide()
        let node = fileOfOwner(kernel)
        #expect(
            status(9, by: Self.other, access: 1, kernel, node) == NTStatus.invalidParameter.rawValue
        )
    }
}
