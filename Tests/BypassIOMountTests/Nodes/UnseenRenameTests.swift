import BypassIOProtocol
import FUSE
import IOStack
import MemoryFileSystem
import Testing

@testable import BypassIOMount

/// A name that cannot be looked at is not renamed: its node would stay at the old name, and each
/// later request about it would fail with ESTALE.
struct UnseenRenameTests {
    @Test("a rename fails with the error of the look at its old name, and changes nothing")
    func failedLook() throws {
        let kernel = try KernelSide()
        let directory = kernel.makeDirectory("d")
        let file = kernel.create("f", in: directory.node)
        let fails = Guarded(true)
        try kernel.memory.attach(
            FilterRegistration(
                name: "blind", altitude: Altitude(integer: 1), supportedFeatures: .bypassIO,
                operations: [
                    OperationRegistration(
                        .queryInformation,
                        preOperation: { data, _ in
                            let isFirst = fails.withLock { fails in
                                defer { fails = false }
                                return fails
                            }
                            guard isFirst else { return .successNoCallback }
                            data.fail(.accessDenied)
                            return .complete
                        })
                ]))
        func rename() -> Int32 {
            kernel.send(.rename, Bytes().u64(1).name("d").name("e")).errno
        }
        #expect(rename() == 13)
        #expect(kernel.lookup("d").node == directory.node)
        #expect(kernel.lookup("f", in: directory.node).node == file.node)
        #expect(rename() == 0)
        #expect(kernel.lookup("f", in: directory.node).node == file.node)
    }

    @Test("a rename that a filter fails once it is done leaves a node that answers")
    func failedAfterwards() throws {
        let kernel = try KernelSide()
        let directory = kernel.makeDirectory("d")
        let file = kernel.create("f", in: directory.node)
        try kernel.memory.attach(
            FilterRegistration(
                name: "late", altitude: Altitude(integer: 1), supportedFeatures: .bypassIO,
                operations: [
                    OperationRegistration(
                        .setInformation,
                        preOperation: { _, _ in .successWithCallback(.none) },
                        postOperation: { data, _, _ in
                            data.fail(.accessDenied)
                            return .finishedProcessing
                        })
                ]))
        let renamed = kernel.send(.rename, Bytes().u64(1).name("d").name("e"))
        #expect(renamed.errno == 13)
        #expect(kernel.lookup("f", in: directory.node).node == file.node)
        #expect(kernel.lookup("e").node == directory.node)
    }
}
