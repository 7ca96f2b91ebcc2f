import FUSE
import IOStack
import Testing

@testable import BypassIOMount

/// Whether a listing brings attributes depends on whether the program looked at the entries before.
struct ListingTests {
    private let kernel: KernelSide

    /// Makes a directory with two files and a directory.
    init() throws {
        kernel = try KernelSide()
        for name in ["a", "b"] {
            let made = kernel.create(name)
            _ = kernel.release(made.node, made.createdHandle)
            kernel.forget(made.node)
        }
        let folder = kernel.send(
            .makeDirectory, Bytes().u32(0o755).u32(0).name("folder"))
        kernel.forget(folder.node)
    }

    /// Lists the directory from its beginning; the names that came with attributes.
    private func list() -> Set<String> {
        let directory = kernel.send(.openDirectory, Bytes().u32(0).u32(0))
        defer {
            _ = kernel.send(
                .releaseDirectory, Bytes().u64(directory.handle).u32(0).u32(0).u64(0))
        }
        let reply = kernel.send(
            .readDirectoryPlus, Bytes().u64(directory.handle).u64(0).u32(4096).zeros(20))
        #expect(reply.errno == 0)
        var known: Set<String> = []
        var names: Set<String> = []
        var start = 0
        while start < reply.body.count {
            let length = Int(reply.u32(start + 128 + 16))
            let name = String(
                decoding: reply.body[start + 152..<start + 152 + length], as: UTF8.self)
            names.insert(name)
            if reply.u64(start) != 0 { known.insert(name) }
            start += 128 + (24 + length + 7) & ~7
        }
        #expect(names == Self.everything)
        return known
    }

    private static let everything: Set<String> = ["a", "b", "folder"]

    @Test("a program's first listing carries everything")
    func first() {
        for process: UInt32 in 1...10 {
            kernel.caller.process = process
            #expect(list() == Self.everything)
        }
        // Process 0: the kernel itself, or a program of another PID namespace.
        kernel.caller.process = 0
        for _ in 0..<10 { #expect(list() == Self.everything) }
    }

    @Test("who never looks gets names, and the attributes of directories")
    func names() {
        _ = list()
        for _ in 0..<ListingHabits.patience {
            let known = list()
            #expect(known.count == 2 && known.contains("folder"), "all but the probe")
        }
        for _ in 0..<20 { #expect(list() == ["folder"]) }
        // Another program has its own history.
        kernel.caller.process = 4711
        #expect(list() == Self.everything)
    }

    @Test("who looks gets attributes, and seldom a probe")
    func looking() throws {
        var probes = 0
        for _ in 0..<64 {
            let known = list()
            #expect(known.contains("folder"))
            for name in Self.everything.subtracting(known) {
                probes += 1
                #expect(kernel.lookup(name).errno == 0)
            }
        }
        #expect(probes > 1 && probes <= 1 + 64 / ListingHabits.rarity)
    }

    @Test("who begins to look gets attributes from the next listing on")
    func change() throws {
        for _ in 0..<10 { _ = list() }
        #expect(list() == ["folder"])
        #expect(kernel.lookup("b").errno == 0)
        #expect(list().isSuperset(of: ["folder", "a"]) || list().isSuperset(of: ["folder", "b"]))
    }

    @Test("a name that was not left out is no sign of anything")
    func others() {
        _ = list()
        for _ in 0..<ListingHabits.patience {
            for name in list() { _ = kernel.lookup(name) }
        }
        #expect(list() == ["folder"])
    }
}
