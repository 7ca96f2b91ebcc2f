import SystemPackage
import Testing

@testable import FUSE

@Suite("Mount table")
struct MountTableTests {
    private let table = MountTable(
        Array(
            """
            36 35 98:0 / /mnt/a rw,noatime shared:1 master:2 - ext4 /dev/root rw
            37 36 0:51 / /mnt/a rw - fuse.bypassio bypassio rw,user_id=0
            38 36 0:52 / /mnt/with\\040blank\\134 rw - fuse.bypassio a b
            39 36 0:53 / /mnt/cut rw
            nonsense

            """.utf8))

    @Test("the newest mount at a place is what programs see")
    func top() {
        #expect(table.entries.count == 3)
        #expect(table.top(at: "/mnt/a")?.device == "0:51")
        #expect(table.top(at: "/mnt/a")?.type == "fuse.bypassio")
        #expect(table.top(at: "/mnt") == nil)
    }

    @Test("escapes stand for bytes")
    func escapes() {
        #expect(table.top(at: #"/mnt/with blank\"#)?.device == "0:52")
    }

    @Test("this process has a root directory")
    func current() {
        #expect(MountTable.current().top(at: "/") != nil)
    }
}
