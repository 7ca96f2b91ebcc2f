import Foundation
import Glibc
import LinuxKit
import SystemPackage
import Testing

@testable import FUSE

/// Mounts of a user without rights, through fusermount3.
@Suite(
    "Mounts of other users than root",
    .enabled(if: Kernel.canMountAsNobody, "\(Kernel.whyNotAsNobody)"), .serialized)
struct NobodyTests {
    /// Runs `body` while every user may open /dev/fuse, as in distributions. fusermount3 opens it
    /// with its caller's rights.
    private func withOpenDevice(_ body: () throws -> Void) throws {
        var status = stat()
        try #require(unsafe stat("/dev/fuse", &status) == 0)
        defer { _ = unsafe chmod("/dev/fuse", status.st_mode & 0o7777) }
        try setDevice(0o666)
        try body()
    }

    private func setDevice(_ mode: mode_t) throws {
        try #require(unsafe chmod("/dev/fuse", mode) == 0)
    }

    /// A file's text, read by the user who mounted: root may not enter.
    private func text(_ path: String) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Kernel.setpriv ?? "")
        process.arguments = Kernel.nobody + ["/bin/cat", path]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        try #require(eventually { !process.isRunning })
        return String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    }

    @Test(
        "a user mounts, others are kept out, and threads have descriptors of their own",
        .timeLimit(.minutes(10)))
    func mount() throws {
        try withOpenDevice {
            let service = try TinyService("--transport", "device", asNobody: true)
            #expect(service.entry?.fileSystemType == "fuse.tiny")
            #expect(try text(service.path("greeting")) == "Hello.\n")
            #expect(
                try Client.error { try Client.content(service.path("greeting"), limit: 9) }
                    == .permissionDenied)
            let threads = try #require(Int(try service.say("threads")))
            #expect(threads >= 2)
            #expect(try service.say("channels") == "\(threads)")
            try service.tell("unmount")
            #expect(!service.isMounted)
            try service.expectEnd()
        }
    }

    @Test(
        "where no further descriptor is to be had, threads share the helper's",
        .timeLimit(.minutes(10)))
    func sharedDescriptor() throws {
        try withOpenDevice {
            let service = try TinyService("--transport", "device", asNobody: true)
            // No request has come yet, so there is one thread.
            try setDevice(0o600)
            #expect(try text(service.path("greeting")) == "Hello.\n")
            let threads = try #require(Int(try service.say("threads")))
            #expect(threads >= 2)
            #expect(try service.say("channels") == "1")
            try service.tell("unmount")
            try service.expectEnd()
        }
    }

    @Test("a device that users may not open", .timeLimit(.minutes(10)))
    func closedDevice() throws {
        try withOpenDevice {
            try setDevice(0o600)
            expectFailure("failed notPermitted ") {
                _ = try TinyService("--transport", "device", asNobody: true)
            }
        }
    }

    @Test("an abort needs no privilege", arguments: [true, false])
    func abort(_ hasOwnDescriptors: Bool) throws {
        try withOpenDevice {
            let service = try TinyService("--transport", "device", asNobody: true)
            if !hasOwnDescriptors { try setDevice(0o600) }
            let process = Process()
            process.executableURL = URL(fileURLWithPath: Kernel.setpriv ?? "")
            process.arguments = Kernel.nobody + ["/bin/cat", service.path("slow")]
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            try process.run()
            #expect(try eventually { try service.count("waiting") == 1 })
            try service.tell("abort")
            try #require(eventually { !process.isRunning })
            #expect(process.terminationStatus == 1)
            #expect(!service.isMounted)
            try service.tell("open")
            try service.expectEnd()
        }
    }

    @Test("a killed service leaves a dead mount, which root can unmount", .timeLimit(.minutes(10)))
    func killed() throws {
        try withOpenDevice {
            let service = try TinyService("--transport", "device", asNobody: true)
            service.killNow()
            #expect(service.isMounted)
            try Unmounting.unmount(FilePath(service.mountPoint), force: false, lazy: false)
            #expect(!service.isMounted)
        }
    }

    @Test(
        "letting others in is root's to allow",
        .enabled(if: !Kernel.usersMayAllowOthers, "/etc/fuse.conf has user_allow_other"),
        .timeLimit(.minutes(10)))
    func allowOther() throws {
        try withOpenDevice {
            expectFailure("failed allowOtherRefused ") {
                _ = try TinyService("--allow-other", asNobody: true)
            }
        }
    }

    @Test("no helper, no mount", .timeLimit(.minutes(10)))
    func noHelper() throws {
        // The search ends in the system's folders, so the test hides the helper behind one that
        // fails.
        let folder = try ScratchFolder()
        let helper = folder.path + "/fusermount3"
        try Data("#!/bin/sh\necho fusermount3: out of order >&2\nexit 1\n".utf8)
            .write(to: URL(fileURLWithPath: helper))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: helper)
        expectFailure("failed other ") {
            _ = try TinyService(asNobody: true, environment: ["PATH": folder.path])
        }
    }

    private func expectFailure(
        _ start: String, sourceLocation: SourceLocation = #_sourceLocation,
        _ body: () throws -> Void
    ) {
        do {
            try body()
            Issue.record("it was mounted", sourceLocation: sourceLocation)
        } catch {
            #expect("\(error)".hasPrefix(start), sourceLocation: sourceLocation)
        }
    }
}
