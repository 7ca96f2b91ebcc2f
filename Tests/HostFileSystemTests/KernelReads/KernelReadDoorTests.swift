import BypassIOProtocol
import Dispatch
import Glibc
import IOStack
import LinuxKit
import SystemPackage
import TestSupport
import Testing

@testable import HostFileSystem

/// Which files get a door, and what happens to it and to the programs behind it.
@Suite(.enabled(if: GateBench.isAvailable, "\(GateBench.needs)"), .timeLimit(.minutes(10)))
struct KernelReadDoorTests {
    private func door(
        to file: FileObject, in host: HostFixture, leavingAccessTimes: Bool = false
    ) throws -> any KernelReadDoor {
        try host.fileSystem.kernelReadDoor(for: file, leavingAccessTimes: leavingAccessTimes) { _ in
            nil
        }
    }

    @Test func goneDoorsLetReadsPass() throws {
        let host = try HostFixture()
        try host.hostFile("f", pattern(8192))
        let file = try host.open("f")
        defer { file.close() }
        let never = DispatchSemaphore(value: 0)
        let asked = DispatchSemaphore(value: 0)
        var door: (any KernelReadDoor)? = try host.fileSystem.kernelReadDoor(
            for: file, leavingAccessTimes: false
        ) { _ in
            asked.signal()
            never.wait()
            return IOFailure(.ioDeviceError)
        }
        let storage = FileDescriptor(rawValue: try #require(door).storage.rawValue)
        try door?.close()
        let reader = OpenFile(try SystemCall.reopen(storage, .readOnly))
        let read = BackgroundRead(reader)
        asked.wait()
        #expect(!read.isDone)
        door = nil
        #expect(read.ends())
        #expect(read.bytes == pattern(4096))
        let later = BackgroundRead(reader)
        #expect(later.ends())
        never.signal()
    }

    @Test func otherThanRegularFilesAreRefused() throws {
        let host = try HostFixture()
        let directory = try host.open(".")
        defer { directory.close() }
        let veto = #expect(throws: StorageVeto.self) { try door(to: directory, in: host) }
        #expect(veto?.status == .notSupported)
    }

    @Test func unlinkedFilesAndAttributeOpensHaveDoors() throws {
        let host = try HostFixture()
        try host.hostFile("f", pattern(8192))
        let file = try host.open("f", access: [])
        defer { file.close() }
        try SystemCall.unlink(host.root.appending("f"), at: nil, isDirectory: false)
        let door = try door(to: file, in: host)
        let storage = FileDescriptor(rawValue: door.storage.rawValue)
        let reader = OpenFile(try SystemCall.reopen(storage, .readOnly))
        let read = BackgroundRead(reader)
        #expect(read.ends())
        #expect(read.bytes == pattern(4096))
    }

    @Test("without pre-content events there is a door, but no gate")
    func memory() throws {
        let host = try HostFixture(in: "/dev/shm")
        try host.hostFile("f", pattern(8192))
        let file = try host.open("f")
        defer { file.close() }
        let door = try door(to: file, in: host)
        #expect(!door.isRevocable)
        let failure = #expect(throws: IOFailure.self) { try door.close() }
        #expect(failure?.status == .notSupported)
        let storage = FileDescriptor(rawValue: door.storage.rawValue)
        let reader = OpenFile(try SystemCall.reopen(storage, .readOnly))
        let read = BackgroundRead(reader)
        #expect(read.ends())
        #expect(read.bytes == pattern(4096))
    }

    @Test("reads change the access time, unless the door leaves it", arguments: [false, true])
    func accessTimes(_ areLeft: Bool) throws {
        let host = try HostFixture()
        try host.hostFile("f", pattern(8192))
        let file = try host.open("f")
        defer { file.close() }
        let longAgo = FileTime(seconds: 1_000_000_000, nanoseconds: 0)
        try file.apply(.times(access: .to(longAgo), modification: nil))
        let door = try door(to: file, in: host, leavingAccessTimes: areLeft)
        let storage = FileDescriptor(rawValue: door.storage.rawValue)
        let read = BackgroundRead(OpenFile(try SystemCall.reopen(storage, .readOnly)))
        #expect(read.ends())
        #expect(read.bytes == pattern(4096))
        #expect((try file.status().accessTime == longAgo) == areLeft)
    }

    @Test("doors of one file do not know of each other")
    func twoDoors() throws {
        let host = try HostFixture()
        try host.hostFile("f", pattern(8192))
        let file = try host.open("f")
        defer { file.close() }
        let refusing = try host.fileSystem.kernelReadDoor(
            for: file, leavingAccessTimes: false
        ) { _ in
            IOFailure(.ioDeviceError)
        }
        let other = try door(to: file, in: host)
        try refusing.close()
        let storage = FileDescriptor(rawValue: other.storage.rawValue)
        let read = BackgroundRead(OpenFile(try SystemCall.reopen(storage, .readOnly)))
        #expect(read.ends())
        #expect(read.error == nil)
    }

    @Test("a volume that goes takes threads and descriptors along")
    func nothingIsLeft() throws {
        func descriptors() throws -> Int {
            try HostTool.run("ls", ["/proc/\(getpid())/fd"]).split(separator: "\n").count
        }
        func once() throws {
            let host = try HostFixture()
            try host.hostFile("f", pattern(8192))
            let file = try host.open("f")
            let door = try door(to: file, in: host)
            try door.close()
            let storage = FileDescriptor(rawValue: door.storage.rawValue)
            #expect(BackgroundRead(OpenFile(try SystemCall.reopen(storage, .readOnly))).ends())
            file.close()
        }
        try once()
        let before = try descriptors()
        for _ in 0..<20 { try once() }
        // Other suites open and close files meanwhile.
        #expect(try eventually { try descriptors() < before + 20 })
    }
}
