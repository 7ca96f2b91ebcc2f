import LinuxKit
import SystemPackage
import Testing

@Suite("The mount table")
struct MountTableTests {
    static let text = """
        22 27 0:21 / /proc rw,relatime - proc proc rw
        27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard
        40 27 0:50 /@home /home rw,relatime shared:2 master:7 - btrfs /dev/vdb rw,subvol=/@home
        41 27 8:1 / /mnt/with\\040blank\\134and\\011tab rw - vfat /dev/sda1 rw,iocharset=utf8
        42 27 0:60 / /merged rw - overlay overlay rw,lowerdir=/a\\054b:/c\\134:d,upperdir=/home/u
        43 27 254:0 /srv/data /data ro - ext4 /dev/vda rw
        44 43 0:61 / /data rw - tmpfs none rw,size=1k
        garbage line
        45 27 0:62 / /net rw - fuse.sshfs me@host:/x rw,user_id=0
        """

    let table = MountTable(parsing: Array(Self.text.utf8))

    @Test("Optional fields of any number are skipped and broken lines left out")
    func fields() throws {
        #expect(table.entries.map(\.id) == [22, 27, 40, 41, 42, 43, 44, 45])
        let home = try #require(table.entry(id: 40))
        #expect(home.parentID == 27)
        #expect(home.device == DeviceNumber(major: 0, minor: 50))
        #expect(home.root == "/@home")
        #expect(home.fileSystemType == "btrfs")
        #expect(home.source == "/dev/vdb")
        #expect(home.superOptionValues("subvol") == [Array("/@home".utf8)])
    }

    @Test("Octal escapes become the bytes they stand for")
    func escapes() throws {
        let entry = try #require(table.entry(id: 41))
        #expect(entry.mountPoint == "/mnt/with blank\\and\ttab")
        #expect(
            OctalEscapes.decode(Array("\\377\\4\\999x\\".utf8)) == [
                0xFF, 0x5C, 0x34, 0x5C, 0x39, 0x39, 0x39, 0x78, 0x5C,
            ])
    }

    @Test("A mount point of bytes that are not UTF-8 is kept")
    func anyBytes() throws {
        let line: [UInt8] =
            Array("9 1 8:1 / /x".utf8) + [0xFF, 0x80] + Array(" rw - ext4 /dev/sda1 rw".utf8)
        let entry = try #require(MountEntry(line: line))
        let bytes = unsafe entry.mountPoint.withPlatformString { name in
            (0..<4).map { unsafe UInt8(bitPattern: name[$0]) }
        }
        #expect(bytes == Array("/x".utf8) + [0xFF, 0x80])
    }

    @Test("An escaped comma inside an option does not split it")
    func optionComma() throws {
        let overlay = try #require(table.entry(id: 42))
        let value = try #require(overlay.superOptionValues("lowerdir").first)
        #expect(value == Array(#"/a,b:/c\:d"#.utf8))
    }

    @Test(
        "A path belongs to the longest mount point, and to the last of equal ones",
        arguments: [
            ("/home/ann/x", 40), ("/homework", 27), ("/data/x", 44), ("/", 27), ("/proc/1", 22),
        ] as [(FilePath, UInt64)])
    func byPath(path: FilePath, id: UInt64) {
        #expect(table.entry(containing: path)?.id == id)
    }

    @Test("A device's whole mount is preferred to a bind mount of a part")
    func byDevice() {
        #expect(table.entry(device: DeviceNumber(major: 254, minor: 0))?.id == 27)
        #expect(table.entry(device: DeviceNumber(major: 99, minor: 0)) == nil)
    }

    @Test("The newest mount at a place is what programs see there")
    func top() {
        #expect(table.top(at: "/data")?.fileSystemType == "tmpfs")
        #expect(table.top(at: "/mnt/with blank\\and\ttab")?.id == 41)
        #expect(table.top(at: "/mnt") == nil)
        #expect(table.top(at: "/net")?.isFUSE == true)
        #expect(table.top(at: "/data")?.isFUSE == false)
    }

    @Test("The running machine's table holds the mount that statx names")
    func real() throws {
        #expect(MountTable.current.top(at: "/") != nil)
        let table = try MountTable()
        let status = try SystemCall.status(of: "/proc/self", followingLinks: true)
        #expect(table.entry(for: status)?.fileSystemType == "proc")
        let root = try SystemCall.status(of: "/", followingLinks: true)
        #expect(table.entry(for: root)?.mountPoint == "/")
    }

    @Test(
        "Magic numbers of file systems have their names",
        arguments: [
            ("/proc", "proc"), ("/sys", "sysfs"), ("/dev/pts", "devpts"),
        ] as [(FilePath, String)])
    func magic(path: FilePath, name: String) throws {
        let magic = try SystemCall.fileSystemStatus(of: path).magic
        #expect(FileSystemMagic.name(of: magic) == name)
    }
}
