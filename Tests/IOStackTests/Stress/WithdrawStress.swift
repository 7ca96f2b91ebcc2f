import BypassIOProtocol
import Glibc
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

/// Some threads enable, disable and read, while others withdraw and restore.
@Suite("Withdrawals against everything at once, spec 4.4", .serialized)
struct WithdrawStress {
    private static let size = 512
    private static let plain = [UInt8](repeating: 1, count: size)
    private static let secret = [UInt8](repeating: 2, count: size)

    /// Removes a secret from each read that it sees.
    private final class Hider: Filter, PostReadFilter {
        let name = "hider"
        let altitude = IOStackTests.altitude("300")
        let supportedFeatures: FilterRegistration.Features = .bypassIO

        func didRead(_ read: PostRead) {
            _ = read.withMutableBytes { bytes in
                bytes.update(repeating: 1)
            }
        }
    }

    /// A lower filter that delays each ENABLE.
    private final class Slow: Filter, BypassFilter {
        let name = "slow"
        let altitude = IOStackTests.altitude("100")

        func bypass(_ question: BypassQuestion) -> BypassAnswer {
            if question.isEnable { usleep(100) }
            return .pass
        }
    }

    private let memory = MemoryVolume()
    private let isDone = Box(false)

    private func enabler(of files: [FileObject]) -> OwnThread<Void> {
        OwnThread { [isDone] in
            while !isDone.value {
                for file in files { _ = try file.bypassIO(.enable) }
                // Often no file has bypass, so a pause has nothing to pause.
                for file in files { _ = try file.bypassIO(.disable) }
            }
        }
    }

    @Test(
        "spec 4.4: withdraw, change the data: no bypassed read sees it", arguments: [false, true])
    func recipe(fromOneFile: Bool) throws {
        let instance = try memory.attach(Hider())
        try memory.attach(Slow())
        let files = try (0..<3).map { _ in try memory.file("data", Self.plain) }
        let writer = try memory.volume.open("data", access: [.read, .write], options: .nonCached)
        let leaks = Box(0)
        let readers = files.map { file in
            OwnThread { [isDone] in
                while !isDone.value {
                    if try file.read(at: 0, length: Self.size) == Self.secret { leaks.add(1) }
                }
            }
        }
        let enablers = (0..<2).map { _ in enabler(of: files) }
        for _ in 0..<100 {
            if fromOneFile {
                try instance.bypass.withdraw(from: writer, .notSupported, reason: "A secret.")
            } else {
                try instance.bypass.withdraw(.notSupported, reason: "A secret.")
            }
            try writer.write(Self.secret, at: 0)
            let reads = memory.disk.reads.count
            #expect(eventually { memory.disk.reads.count > reads + 200 })
            try writer.write(Self.plain, at: 0)
            if fromOneFile {
                instance.bypass.restore(to: writer)
            } else {
                instance.bypass.restore()
            }
        }
        isDone.value = true
        for thread in readers + enablers { try thread.result() }
        #expect(leaks.value == 0)
        for file in files {
            #expect(try file.bypassIO(.enable).results?.status == .success)
            #expect(file.traditionalCause == nil)
        }
        for file in files + [writer] { file.close() }
        #expect(memory.volume.activeBypassCount == 0)
        #expect(memory.volume.bypassedReadsInFlight == (0, 0))
    }

    @Test("whoever withdraws and restores at once leaves no pause and no veto behind")
    func disagreement() throws {
        let instance = try memory.attach(Watcher())
        let files = try ["one", "two", "three"].map { try memory.enabledFile($0) }
        let other = try memory.attach(Watcher("other", at: "200"))
        let threads = (0..<4).map { number in
            OwnThread {
                let bypass = number == 3 ? other.bypass : instance.bypass
                for round in 0..<400 {
                    let file = files[round % files.count]
                    if number.isMultiple(of: 2) {
                        try bypass.withdraw(from: file, .notSupported, reason: "One.")
                        bypass.restore(to: file)
                    } else {
                        try bypass.withdraw(.notSupported, reason: "All.")
                        bypass.restore()
                    }
                }
            }
        }
        let restless = enabler(of: [try memory.volume.open("one", options: .nonCached)])
        for thread in threads { try thread.result() }
        isDone.value = true
        try restless.result()
        for file in files {
            #expect(!file.stream.isPaused && file.traditionalCause == nil)
            #expect(try file.query().status == .success)
        }
        try instance.bypass.withdraw(.notSupported, reason: "All.")
        for file in files { #expect(file.stream.isPaused) }
    }

    @Test("an instance that is detached while it withdraws leaves no pause behind")
    func detach() throws {
        let manager = memory.manager.filterManager
        let file = try memory.enabledFile()
        let restless = enabler(of: [try memory.volume.open("data", options: .nonCached)])
        let filter = try manager.register(Watcher())
        for _ in 0..<300 {
            let instance = try manager.attach(filter, to: memory.volume)
            let withdrawal = OwnThread {
                while failure({
                    try instance.bypass.withdraw(.notSupported, reason: "While I am here.")
                }) != .fltDeletingObject {}
            }
            try manager.detach(instance)
            try withdrawal.result()
            #expect(!file.stream.isPaused)
        }
        isDone.value = true
        try restless.result()
        #expect(file.traditionalCause == nil)
    }
}
