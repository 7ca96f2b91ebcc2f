import LinuxKit
import Testing

@testable import HostFileSystem

/// Parses the bytes that read(2) of a watch returns; no content does harm.
struct ChangeRecordTests {
    private static func number(_ value: UInt64, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt64($0 * 8)) }
    }

    /// struct fanotify_event_info_fid: type, a spare byte, length, fsid, the handle, and a name.
    private static func information(
        _ type: UInt8, inode: UInt64, name: String? = nil
    ) -> [UInt8] {
        var tail: [UInt8] = number(8, 4)
        tail += number(1, 4)
        tail += number(inode, 4)
        tail += number(99, 4)
        if let name {
            tail += Array(name.utf8)
            tail.append(0)
        }
        while tail.count % 4 != 0 { tail.append(0) }
        var bytes: [UInt8] = [type, 0]
        bytes += number(UInt64(12 + tail.count), 2)
        bytes += number(7, 8)
        return bytes + tail
    }

    private static func event(
        _ mask: UInt64, process: UInt64, _ parts: [UInt8]...
    ) -> [UInt8] {
        let body = parts.flatMap { $0 }
        var bytes: [UInt8] = number(UInt64(24 + body.count), 4)
        bytes += [3, 0] as [UInt8]
        bytes += number(24, 2)
        bytes += number(mask, 8)
        bytes += number(UInt64(UInt32.max), 4)
        bytes += number(process, 4)
        return bytes + body
    }

    private static let two =
        event(
            0x100, process: 42, information(2, inode: 11, name: "a name"),
            information(1, inode: 12))
        + event(0x2, process: 0, information(3, inode: 13))

    @Test func eventsCarryDirectoryNameAndFile() throws {
        var records = ChangeRecords(Self.two, length: Self.two.count)
        let next = records.next()
        let first = try #require(next)
        #expect(first.mask == 0x100)
        #expect(first.process == 42)
        #expect(first.directory?.inode == 11)
        #expect(first.name == Array("a name".utf8))
        #expect(first.file?.inode == 12)
        let last = records.next()
        let second = try #require(last)
        #expect(second.directory?.inode == 13)
        #expect(second.name.isEmpty)
        #expect(second.file == nil)
        #expect(records.next() == nil)
    }

    @Test func cutAndChangedBytesEndTheWalk() {
        for length in -1...Self.two.count + 10 {
            var records = ChangeRecords(Self.two, length: length)
            var count = 0
            while records.next() != nil { count += 1 }
            #expect(count <= 2)
        }
        for place in Self.two.indices {
            for value in [0, 1, 0x7F, 0xFF] as [UInt8] {
                var bytes = Self.two
                bytes[place] = value
                var records = ChangeRecords(bytes, length: bytes.count)
                var count = 0
                while records.next() != nil { count += 1 }
                #expect(count <= bytes.count / 24)
            }
        }
    }

    @Test func handlesOfKnownKindsTellTheInode() {
        let ext4 = KernelFileHandle(type: 1, bytes: Self.number(5, 4) + Self.number(6, 4))
        #expect(ext4.inode == 5)
        let xfs = KernelFileHandle(type: 0x81, bytes: Self.number(1 << 40, 8) + Self.number(6, 4))
        #expect(xfs.inode == 1 << 40)
        #expect(KernelFileHandle(type: 1, bytes: Self.number(0, 12)).inode == nil, "tmpfs")
        #expect(KernelFileHandle(type: 0x4D, bytes: Self.number(5, 20)).inode == nil, "btrfs")
        #expect(KernelFileHandle(type: 1, bytes: []).inode == nil)
    }
}
