import CKernelABI
import Foundation
import LinuxKit
import SystemPackage
import Testing

@testable import FUSE

/// A mount against the real kernel, as root.
@Suite("Mounts", .enabled(if: Kernel.canMount, "\(Kernel.whyNoMount)"), .serialized)
struct MountTests {
    @Test("files are there, with their attributes and content", .timeLimit(.minutes(10)))
    func files() throws {
        let service = try TinyService()
        #expect(try Client.names(service.mountPoint) == ["greeting", "notes", "pattern", "slow"])
        let status = try Client.status(service.path("pattern"))
        #expect(status.st_size == 8 << 20)
        #expect(status.st_mode == 0o100644)
        #expect(status.st_ino == 3)
        #expect(status.st_mtim.tv_nsec == 123_456_789)
        #expect(try Client.text(service.path("greeting")) == "Hello.\n")
        #expect(
            try Client.error { try Client.status(service.path("none")) } == .noSuchFileOrDirectory)
        try service.tell("unmount")
        try service.expectEnd()
        #expect(!service.isMounted)
    }

    @Test("a large read comes whole, in requests of the transfer's size", .timeLimit(.minutes(10)))
    func largeRead() throws {
        let service = try TinyService("--transfer", "262144")
        let before = try service.count("read")
        let bytes = try Client.read(service.path("pattern"), limit: 1 << 20, at: 4096 + 3)
        #expect(bytes.count == 1 << 20)
        // The bytes that the service makes.
        let isRight = bytes.indices.allSatisfy { index in
            let offset = index + 4099
            return bytes[index] == UInt8(truncatingIfNeeded: offset &* 7 &+ offset >> 12)
        }
        #expect(isRight)
        // The buffer is not aligned to pages, so a request may carry a page less.
        #expect((4...5).contains(try service.count("read") - before))
    }

    @Test(
        "reads past the cache of every size, many at once, bring the right bytes",
        .timeLimit(.minutes(10)))
    func directReads() throws {
        let service = try TinyService()
        let readers = (0..<8).map { number in
            Client.Call { [path = service.path("pattern")] in
                let file = try FileDescriptor.open(
                    FilePath(path), .readOnly, options: .init(rawValue: BPIO_O_DIRECT))
                defer { try? file.close() }
                var wrong = 0
                for round in 0..<120 {
                    let kibibytes = [4, 32, 64, 64, 128, 500, 1024, 60][(number + round) % 8]
                    let size = (kibibytes << 10) - (round % 5 == 0 ? 777 : 0)
                    let offset = (number * 577 + round * 131) * 4096 % ((8 << 20) - size)
                    let bytes = try Client.bytes(file, size, offset)
                    // Checks one byte of each page: the others are as likely to be wrong.
                    let isRight = stride(from: round * 31 % 4096, to: size, by: 4096).allSatisfy {
                        let place = offset + $0
                        return bytes[$0] == UInt8(truncatingIfNeeded: place &* 7 &+ place >> 12)
                    }
                    wrong += bytes.count == size && isRight ? 0 : 1
                }
                return wrong
            }
        }
        for reader in readers { #expect(try reader.value() == 0) }
    }

    @Test("the smallest transfer works", .timeLimit(.minutes(10)))
    func smallTransfer() throws {
        let service = try TinyService("--transfer", "4096")
        #expect(try Client.read(service.path("pattern"), limit: 65536).count == 65536)
        try Client.call { [path = service.path("notes")] in
            try Data(repeating: 0x31, count: 20000).write(to: URL(fileURLWithPath: path))
        }
        #expect(try Client.read(service.path("notes")).count == 20000)
    }

    @Test("what is written can be read", .timeLimit(.minutes(10)))
    func writing() throws {
        let service = try TinyService()
        let content = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 13) }
        try Client.call { [path = service.path("notes")] in
            let file = try FileDescriptor.open(
                FilePath(path), .writeOnly, options: .truncate)
            defer { try? file.close() }
            try file.writeAll(content)
        }
        #expect(try Client.read(service.path("notes")) == content)
        #expect(try Client.status(service.path("notes")).st_size == 300_000)
    }

    @Test("the mount table shows source and type", .timeLimit(.minutes(10)))
    func table() throws {
        let service = try TinyService("--source", "some source", "--subtype", "bypassio")
        #expect(service.entry?.fileSystemType == "fuse.bypassio")
        let line = try #require(
            KernelFile.text("/proc/self/mounts")?.split(separator: "\n")
                .first { $0.contains(service.mountPoint) })
        #expect(line.hasPrefix("some\\040source \(service.mountPoint) fuse.bypassio "))
        let options = line.split(separator: " ")[3].split(separator: ",")
        for option in ["rw", "nosuid", "nodev", "default_permissions", "user_id=0"] {
            #expect(options.contains { $0 == option })
        }
        #expect(!options.contains("allow_other"))
    }

    @Test("options: read-only, no execution, others may come in", .timeLimit(.minutes(10)))
    func options() throws {
        let service = try TinyService("--read-only", "--no-execution", "--allow-other")
        let mounts = try #require(KernelFile.text("/proc/self/mounts"))
        let line = try #require(
            mounts.split(separator: "\n").first { $0.contains(service.mountPoint) })
        let options = line.split(separator: " ")[3].split(separator: ",")
        for option in ["ro", "noexec", "allow_other"] {
            #expect(options.contains { $0 == option })
        }
        #expect(
            try Client.error {
                try FileDescriptor.open(FilePath(service.path("notes")), .writeOnly)
            }
                == .readOnlyFileSystem)
    }

    @Test("root's mounts read ahead as far as told, 1 MiB by themselves", arguments: [nil, 512])
    func readAhead(_ amount: Int?) throws {
        let service =
            if let amount { try TinyService("--read-ahead", "\(amount)") } else {
                try TinyService()
            }
        let device = try #require(service.entry?.device)
        let path = "/sys/class/bdi/\(device)/read_ahead_kb"
        try #require(FileManager.default.fileExists(atPath: path))
        let text = try #require(KernelFile.text(path))
        #expect(text == "\(amount ?? 1024)\n")
    }

    @Test("what was agreed on is what kernel and service know", .timeLimit(.minutes(10)))
    func agreement() throws {
        let service = try TinyService()
        let words = try service.say("agreed").split(separator: " ").compactMap { UInt64($0) }
        try #require(words.count == 3)
        #expect(words[0] >= 36 && words[0] <= 45)
        let flags = InitFlags(rawValue: words[1])
        #expect(flags.isSuperset(of: [.extendedInit, .maximumPages, .readDirectoryPlus]))
        #expect(flags.isDisjoint(with: [.writebackCache, .passthrough, .posixACL]))
        #expect(words[2] == 1 << 20)
    }

    @Test("a second mount at the same place is refused, whoever asks", .timeLimit(.minutes(10)))
    func twice() throws {
        let service = try TinyService()
        #expect(throws: MountError.self) {
            try MountPoint.checked(FilePath(service.mountPoint))
        }
        #expect(refusal(service.mountPoint) == .mountPointBusy)
    }

    private func refusal(_ path: String) -> MountError.Kind? {
        do throws(MountError) {
            _ = try MountPoint.checked(FilePath(path))
            return nil
        } catch {
            return error.kind
        }
    }

    /// Here the service is a thread of this process; the kernel sends it no further request.
    @Test(
        "mount(2) waits for the answer to INIT, and fails if that is an error",
        .enabled(if: Kernel.knowsSynchronousInit, "FUSE_DEV_IOC_SYNC_INIT came with Linux 6.18"),
        .timeLimit(.minutes(10)))
    func synchronousInit() throws {
        let folder = try ScratchFolder()
        let channel = try DeviceChannel(FUSEDevice.open())
        try channel.requestSynchronousInit()
        let answer = Client.Call {
            let buffer = try TransferBuffer(capacity: 1 << 20)
            return try buffer.withMutableMessage(header: 80) { message in
                let length = try channel.receive(into: &message)
                var reader = MessageReader(message.span.extracting(first: length))
                let request = try RequestHeader(&reader)
                ReplyTicket(unique: request.unique, channel: channel).fail(.protocolError)
                return request.opcode
            }
        }
        let error = #expect(throws: Errno.self) {
            try MountCalls.mount(
                source: "none", at: FilePath(folder.path), type: "fuse.tiny", flags: 0,
                options: MountOptions().kernelOptions(device: channel.descriptor))
        }
        #expect(error == .socketNotConnected)
        #expect(try answer.value() == Opcode.initialize.rawValue)
        #expect(MountTable.current.top(at: FilePath(folder.path)) == nil)
    }

    @Test(
        "what the kernel refuses is told, and nothing stays mounted",
        .timeLimit(.minutes(10)))
    func refusedType() throws {
        // "fuse." is no type.
        let problem = #expect(throws: TinyService.Problem.self) {
            _ = try TinyService("--subtype", "")
        }
        #expect(problem?.description.hasPrefix("failed other ") == true)
    }
}
