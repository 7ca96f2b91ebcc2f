import CPosixCalls
import Foundation
import LinuxKit
import Testing

/// A source directory on ext4, a service process, and its live mount. The last reference removes
/// all three, whatever state the service is in.
final class LiveMount: @unchecked Sendable {
    let folder: TestFolder
    /// The directory that has the files.
    let source: String
    /// The directory at which they appear.
    let mountpoint: String
    private let service: RunningProgram?
    /// Seconds; on a busy machine only a hanging service takes longer.
    private static let patience = 120.0

    /// Returns when the mount answers; throws with the service's output if it does not start. Calls
    /// `prepare` with the source before the service starts.
    init(
        options: String = "allow_other,default_permissions,dev,suid", filters: [String] = [],
        prepare: (String) throws -> Void = { _ in }
    ) throws {
        folder = try TestFolder()
        source = try folder.makeFolder("source")
        try prepare(source)
        mountpoint = try folder.makeFolder("mount")
        let program = try MountCommand.chosen.program(
            source: source, mountpoint: mountpoint, options: options, filters: filters)
        guard let program else {
            service = nil
            let answer = Answer(unsafe call_mount_bind(source, mountpoint))
            guard !answer.isError else { throw TestError("mount --bind: \(answer)") }
            return
        }
        service = try RunningProgram(program)
        do {
            try waitUntilLive()
        } catch {
            endService(SIGKILL)
            throw error
        }
    }

    deinit {
        endService(SIGTERM)
    }

    var serviceIdentifier: Int64 { service?.identifier ?? 0 }
    var serviceIsRunning: Bool { service?.isRunning ?? false }
    var serviceMessages: String {
        service.map { $0.outputSoFar + $0.errorsSoFar } ?? ""
    }

    private func waitUntilLive() throws {
        let end = Date(timeIntervalSinceNow: Self.patience)
        while MountTable.fileSystem(at: mountpoint) == nil {
            guard serviceIsRunning else {
                throw TestError("the service ended before it mounted: \(serviceMessages)")
            }
            guard Date() < end else {
                throw TestError("no mount after \(Self.patience) s: \(serviceMessages)")
            }
            usleep(10_000)
        }
        let mountpoint = mountpoint
        let type = OwnThread.value(within: Self.patience) { () -> UInt64 in
            var volume = call_volume()
            return unsafe call_statfs(mountpoint, &volume) == 0 ? volume.type : 0
        }
        guard let type else { throw TestError("the mount does not answer: \(serviceMessages)") }
        // FUSE_SUPER_MAGIC
        guard type == 0x6573_5546 else {
            throw TestError("not a FUSE mount, but \(String(type, radix: 16)): \(serviceMessages)")
        }
    }

    /// Sends SIGTERM: the service unmounts and ends with 0.
    func stop() {
        guard let service else { return }
        service.signal(SIGTERM)
        let outcome = service.wait(within: 15)
        #expect(outcome?.code == 0, "the service after SIGTERM: \(outcome?.description ?? "runs")")
        #expect(MountTable.fileSystem(at: mountpoint) == nil, "still mounted after SIGTERM")
    }

    func signalService(_ number: Int32) { service?.signal(number) }
    func waitForService(within seconds: Double) -> Program.Outcome? {
        service?.wait(within: seconds)
    }

    /// Sends SIGKILL, as the kernel's out-of-memory killer does.
    func killService() {
        service?.signal(SIGKILL)
        _ = service?.wait(within: 15)
    }

    /// Removes the service and the mount. Sends SIGKILL where `signal` is not enough.
    private func endService(_ signal: Int32) {
        if let service, service.isRunning {
            service.signal(signal)
            if service.wait(within: 10) == nil {
                service.signal(SIGKILL)
                _ = service.wait(within: 5)
            }
        }
        var layers = 0
        while MountTable.fileSystem(at: mountpoint) != nil, layers < 4 {
            _ = unsafe call_umount(mountpoint, 2)
            layers += 1
        }
    }
}

/// /proc/self/mountinfo, which answers without a request to the mount.
enum MountTable {
    /// The type of the file system mounted at exactly this path, e.g. `fuse.bypassio`; nil for
    /// none.
    static func fileSystem(at path: String) -> String? {
        let lines = (KernelFile.text("/proc/self/mountinfo") ?? "").split(separator: "\n")
        let words = lines.map { $0.split(separator: " ") }.last { $0.count > 4 && $0[4] == path }
        guard let words, let dash = words.firstIndex(of: "-"), dash + 1 < words.count else {
            return nil
        }
        return String(words[dash + 1])
    }
}
