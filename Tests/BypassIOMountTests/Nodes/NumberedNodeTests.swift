import FUSE
import IOStack
import Testing

@testable import BypassIOMount

/// Requests about a node number that the kernel kept in a file handle.
struct NumberedNodeTests {
    private let kernel: KernelSide

    init() throws {
        kernel = try KernelSide()
    }

    private func itself(_ node: UInt64) -> KernelSide.Reply {
        kernel.send(.lookup, node: node, Bytes().name("."))
    }

    private func parent(_ node: UInt64) -> KernelSide.Reply {
        kernel.send(.lookup, node: node, Bytes().name(".."))
    }

    @Test func aForgottenFileIsFoundByItsNumber() throws {
        let made = kernel.create("a")
        #expect(kernel.write(made.node, made.createdHandle, at: 0, [7, 8]).errno == 0)
        _ = kernel.release(made.node, made.createdHandle)
        kernel.forget(made.node)
        #expect(kernel.attributes(made.node).errno == 116)
        let again = itself(made.node)
        #expect(again.errno == 0)
        #expect(again.node == made.node)
        #expect(again.u64(8) == made.u64(8) && made.u64(8) != 0, "the same generation")
        let opened = kernel.open(made.node)
        #expect(kernel.read(made.node, opened.handle, at: 0, 10).body == [7, 8])
        // A lookup teaches the service the file's name.
        #expect(kernel.lookup("a").node == made.node)
        #expect(kernel.unlink("a").errno == 0)
        #expect(kernel.attributes(made.node).linkCount == 0)
    }

    @Test func whatIsGoneIsStale() throws {
        let made = kernel.create("a")
        _ = kernel.release(made.node, made.createdHandle)
        #expect(kernel.unlink("a").errno == 0)
        kernel.forget(made.node)
        #expect(itself(made.node).errno == 116)
        for number in [0, 12345, 1 << 63, .max] as [UInt64] {
            #expect(itself(number).errno == 116)
            #expect(parent(number).errno == 116)
        }
    }

    @Test func directoriesAreJoinedToTheirParents() throws {
        let outer = kernel.makeDirectory("outer")
        let inner = kernel.makeDirectory("inner", in: outer.node)
        let file = kernel.create("file", in: inner.node)
        _ = kernel.release(file.node, file.createdHandle)
        for node in [file.node, inner.node, outer.node] { kernel.forget(node) }
        #expect(itself(inner.node).node == inner.node)
        #expect(parent(inner.node).node == outer.node)
        #expect(parent(outer.node).node == 1)
        #expect(parent(1).errno == 116)
        // Names below a directory whose own name is unknown.
        #expect(kernel.lookup("file", in: inner.node).node == file.node)
        #expect(kernel.attributes(file.node).errno == 0)
    }

    @Test func aLookupByNumberCounts() throws {
        let made = kernel.create("a")
        _ = kernel.release(made.node, made.createdHandle)
        #expect(itself(made.node).errno == 0)
        kernel.forget(made.node)
        #expect(kernel.attributes(made.node).errno == 0, "once more to go")
        kernel.forget(made.node)
        #expect(kernel.attributes(made.node).errno == 116)
    }

    @Test func sipHashIsTheOneOfThePaper() {
        // The authors' test vector: the 24 bytes 0…23 under the key 0…15.
        let hash = SipHash((0x0706_0504_0302_0100, 0x0F0E_0D0C_0B0A_0908)).hash(
            0x0706_0504_0302_0100, 0x0F0E_0D0C_0B0A_0908, 0x1716_1514_1312_1110)
        #expect(hash == 0xB8AD_50C6_F649_AF94)
    }
}
