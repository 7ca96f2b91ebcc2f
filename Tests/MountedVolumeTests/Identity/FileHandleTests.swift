import CPosixCalls
import Foundation
import Testing

extension MountedVolume {
    /// open_by_handle_at(2), as NFS servers and backup tools use it.
    @Suite(
        .enabled(if: MountCommand.chosen.isOurs, "about our nodes"),
        .enabled(if: KeptHandle.canDropCaches, "needs /proc/sys/vm/drop_caches"))
    struct FileHandles {
        private static let options = "allow_other,dev,suid"

        @Test func outliveTheKernelsMemoryAndTheService() throws {
            let mount = try LiveMount(options: Self.options)
            let text = try Program.shell(
                "mkdir -p a/b; echo text > a/b/file; echo gone > gone", in: mount.mountpoint
            ).run(within: 20)
            #expect(text.code == 0, "\(text)")
            let file = try KeptHandle(of: "\(mount.mountpoint)/a/b/file")
            let directory = try KeptHandle(of: "\(mount.mountpoint)/a/b")
            let gone = try KeptHandle(of: "\(mount.mountpoint)/gone")
            _ = unsafe call_unlink("\(mount.mountpoint)/gone")
            KeptHandle.dropCaches()
            #expect(file.content(at: mount.mountpoint) == "text\n")
            #expect(directory.path(at: mount.mountpoint) == "\(mount.mountpoint)/a/b")
            #expect(gone.error(at: mount.mountpoint) == -Int64(ESTALE))

            mount.stop()
            let program = try MountCommand.chosen.program(
                source: mount.source, mountpoint: mount.mountpoint, options: Self.options)
            let service = try RunningProgram(try #require(program))
            defer {
                service.signal(SIGTERM)
                _ = service.wait(within: 15)
            }
            let end = Date(timeIntervalSinceNow: 20)
            while MountTable.fileSystem(at: mount.mountpoint) == nil, Date() < end {
                usleep(10_000)
            }
            #expect(file.content(at: mount.mountpoint) == "text\n")
            #expect(directory.path(at: mount.mountpoint) == "\(mount.mountpoint)/a/b")
            #expect(gone.error(at: mount.mountpoint) == -Int64(ESTALE))
        }

        /// tmpfs finds a file by its handle only while it keeps the file in memory.
        @Test func areRefusedAtOnceWhereTheyCannotBeHad() throws {
            let mount = try LiveMount(options: Self.options) { source in
                let outcome = try Program.shell("mount -t tmpfs none \(source)").run(within: 20)
                guard outcome.code == 0 else { throw TestError("no tmpfs: \(outcome)") }
            }
            defer { _ = unsafe call_umount(mount.source, 2) }
            var room = [UInt8](repeating: 0, count: Int(CALL_HANDLE_BYTES))
            #expect(
                unsafe call_name_to_handle(mount.mountpoint, &room) == -Int64(EOPNOTSUPP))
            mount.stop()
        }
    }
}

/// What name_to_handle_at(2) says of a file.
struct KeptHandle {
    private let bytes: [UInt8]

    static let canDropCaches = FileManager.default.isWritableFile(
        atPath: "/proc/sys/vm/drop_caches")

    static func dropCaches() {
        _ = try? Program.shell("sync; echo 3 > /proc/sys/vm/drop_caches").run(within: 60)
    }

    init(of path: String) throws {
        var room = [UInt8](repeating: 0, count: Int(CALL_HANDLE_BYTES))
        let answer = Answer(unsafe call_name_to_handle(path, &room))
        guard !answer.isError else { throw TestError("name_to_handle_at: \(answer)") }
        bytes = room
    }

    private func opened(at mountpoint: String) -> Int64 {
        let folder = unsafe call_open(mountpoint, call_open_flags.directory, 0)
        defer { _ = call_close(Int32(folder)) }
        var bytes = bytes
        return unsafe call_open_by_handle(Int32(folder), &bytes, 0)
    }

    /// The errno of opening it; 0 if it opens.
    func error(at mountpoint: String) -> Int64 {
        let file = opened(at: mountpoint)
        if file >= 0 { _ = call_close(Int32(file)) }
        return min(file, 0)
    }

    func content(at mountpoint: String) -> String? {
        let file = opened(at: mountpoint)
        guard file >= 0 else { return nil }
        let handle = Foundation.FileHandle(fileDescriptor: Int32(file), closeOnDealloc: true)
        return (try? handle.readToEnd()).flatMap { String(decoding: $0, as: UTF8.self) }
    }

    func path(at mountpoint: String) -> String? {
        let file = opened(at: mountpoint)
        guard file >= 0 else { return nil }
        defer { _ = call_close(Int32(file)) }
        return try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(file)")
    }
}
