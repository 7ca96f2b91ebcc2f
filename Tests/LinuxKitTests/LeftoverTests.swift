import Foundation
import LinuxKit
import TestSupport
import Testing

@Suite("Tests leave nothing behind")
struct LeftoverTests {
    private static let isRoot = geteuid() == 0

    private static func path(_ number: Int32) -> String { "/var/tmp/bypassio-leftover-\(number)" }

    private static func run(_ program: String, _ arguments: String...) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(program) \(arguments)")
    }

    /// Fills a folder with files and, as root, with so many mounts that the table is longer than a
    /// page.
    private static func fill(_ folder: String) throws {
        let manager = FileManager.default
        try manager.createDirectory(atPath: folder + "/a folder", withIntermediateDirectories: true)
        try Data([1]).write(to: URL(fileURLWithPath: folder + "/a folder/file"))
        guard isRoot else { return }
        for number in 0..<60 {
            let place = "\(folder)/mount \(number)"
            try manager.createDirectory(atPath: place, withIntermediateDirectories: false)
            try run("/usr/bin/mount", "-t", "tmpfs", "none", place)
        }
        try manager.createDirectory(
            atPath: folder + "/mount 0/inner", withIntermediateDirectories: false)
        try run("/usr/bin/mount", "-t", "tmpfs", "none", folder + "/mount 0/inner")
    }

    @Test("A folder goes with all that is mounted in it, the inner before the outer")
    func folder() throws {
        let folder = Self.path(getpid())
        defer { Leftovers.remove(folder: folder) }
        Leftovers.note(folder: folder)
        try Self.fill(folder)
        if Self.isRoot {
            #expect(try #require(KernelFile.text("/proc/self/mountinfo")).utf8.count > 4096)
            let places = Leftovers.mountPoints(in: folder)
            #expect(places.count == 61 && places.first == folder + "/mount 0/inner")
        }
        #expect(Leftovers.mountPoints(in: folder + "/mount 1").count == (Self.isRoot ? 1 : 0))
        Leftovers.remove(folder: folder)
        #expect(Leftovers.mountPoints(in: folder).isEmpty)
        #expect(!FileManager.default.fileExists(atPath: folder))
    }

    @Test("Tests that are killed leave neither folders nor mounts nor programs")
    func killed() async throws {
        let folder = Self.path(getpid()) + "-killed"
        defer { Leftovers.remove(folder: folder) }
        await #expect(processExitsWith: .signal(SIGKILL)) {
            let folder = Self.path(getppid()) + "-killed"
            Leftovers.note(folder: folder)
            try Self.fill(folder)
            let output = try FileHandle(
                forWritingTo: URL(fileURLWithPath: folder + "/a folder/file"))
            let group = try ProcessGroup(
                ["/bin/sh", "-c", "echo $$; exec sleep 10000"], environment: [:], input: -1,
                output: output.fileDescriptor, errors: output.fileDescriptor)
            // The test kills this process while the group is noted and still there.
            withExtendedLifetime(group) { _ = kill(getpid(), SIGKILL) }
        }
        for _ in 0..<6000 where FileManager.default.fileExists(atPath: folder) { usleep(10_000) }
        #expect(!FileManager.default.fileExists(atPath: folder))
        #expect(Leftovers.mountPoints(in: folder).isEmpty)
    }

    @Test("A program that does nothing any more hangs; one that works does not")
    func progress() throws {
        let nothing = try FileHandle(forUpdating: URL(fileURLWithPath: "/dev/null"))
        let busy = try ProcessGroup(
            ["/bin/sh", "-c", "while :; do :; done & sleep 10000"], environment: [:], input: -1,
            output: nothing.fileDescriptor, errors: nothing.fileDescriptor)
        var seen: Set<UInt64> = []
        for _ in 0..<6000 where seen.count < 3 {
            seen.insert(ProcessGroup.progress(ofGroup: busy.identifier))
            usleep(10_000)
        }
        #expect(seen.count == 3, "its progress does not show")
        let ended = try ProcessGroup(
            ["/bin/sh", "-c", "exit 7"], environment: [:], input: -1,
            output: nothing.fileDescriptor, errors: nothing.fileDescriptor)
        #expect(ended.waitForEnd() == 7)
        #expect(ProcessGroup.progress(ofGroup: ended.identifier) == 0)
    }
}
