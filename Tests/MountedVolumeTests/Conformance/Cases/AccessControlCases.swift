/// POSIX access control lists: system.posix_acl_access and system.posix_acl_default.
enum AccessControlCases {
    static let area = ConformanceArea(name: "access control lists", cases: cases)

    private static let cases: [String: ConformanceCase] = [
        "user entry": { d in
            d.makeFile("a", "text", mode: 0o600)
            d.setACL("a", [.owner(6), .user(51001, 4), .owningGroup(0), .mask(4), .other(0)])
            d.getACL("a")
            d.stat("a")
            d.by(.alice) {
                d.open("a", .readOnly).read(4)
                d.open("a", .writeOnly)
                d.access("a", .read)
            }
            d.by(.bob) { d.open("a") }
        },
        "group entry": { d in
            d.makeFile("a", "text", mode: 0o600)
            d.setACL("a", [.owner(6), .owningGroup(0), .group(User.team, 6), .mask(6), .other(0)])
            d.by(.alice) { d.open("a") }
            d.by(.aliceOfTeam) { d.open("a", .readWrite).write("T") }
            d.by(.bobInGroups) { d.contents("a") }
        },
        "mask": { d in
            d.makeFile("a", "text", mode: 0o600)
            d.setACL("a", [.owner(6), .user(51001, 7), .owningGroup(7), .mask(4), .other(0)])
            d.stat("a")
            d.by(.alice) {
                d.open("a").read(4)
                d.open("a", .readWrite)
            }
            d.chmod("a", 0o660)
            d.getACL("a")
            d.by(.alice) { d.open("a", .readWrite).write("T") }
            d.chmod("a", 0o604)
            d.getACL("a")
            d.by(.alice) { d.open("a") }
            d.by(.bob) { d.open("a").read(4) }
        },
        "user entry that denies": { d in
            d.makeFile("a", "text", mode: 0o644)
            d.setACL("a", [.owner(6), .user(51002, 0), .owningGroup(4), .mask(4), .other(4)])
            d.by(.bob) { d.open("a") }
            d.by(.alice) { d.open("a").read(4) }
        },
        "the owner's entry goes first": { d in
            d.makeFile("a", "text", mode: 0o600)
            d.chown("a", 51001, 51001)
            d.setACL("a", [.owner(0), .user(51001, 7), .owningGroup(7), .mask(7), .other(7)])
            d.by(.alice) { d.open("a") }
            d.by(.bob) { d.open("a").read(4) }
        },
        "minimal list is a mode": { d in
            d.makeFile("a", mode: 0o600)
            d.setACL("a", [.owner(7), .owningGroup(5), .other(1)])
            d.stat("a")
            d.getACL("a")
            d.listxattr("a")
        },
        "removal": { d in
            d.makeFile("a", mode: 0o640)
            d.setACL("a", [.owner(6), .user(51001, 6), .owningGroup(4), .mask(6), .other(0)])
            d.listxattr("a")
            d.removexattr("a", "system.posix_acl_access")
            d.getACL("a")
            d.listxattr("a")
            d.stat("a")
            d.removexattr("a", "system.posix_acl_access")
        },
        "broken lists": { d in
            d.makeFile("a", mode: 0o640)
            d.setACL("a", [.owner(6), .owningGroup(4)])
            d.setACL("a", [.owner(6), .user(1, 6), .owningGroup(4), .other(0)])
            d.setACL("a", [.owningGroup(4), .owner(6), .other(0)])
            d.setxattr("a", "system.posix_acl_access", [1, 0, 0, 0])
            d.setxattr("a", "system.posix_acl_access", [2, 0, 0])
            d.setxattr("a", "system.posix_acl_access", [2, 0, 0, 0, 9])
            d.setACL("a", [.owner(6), .owningGroup(4), .other(0)], isDefault: true)
            d.setxattr("a", "system.posix_acl_nothing", "x")
            d.stat("a")
        },
        "who may set a list": { d in
            d.makeFile("a", mode: 0o666)
            d.chown("a", 51001, 51001)
            d.by(.bob) { d.setACL("a", [.owner(6), .owningGroup(4), .other(0)]) }
            d.by(.alice) {
                d.setACL("a", [.owner(6), .user(51002, 4), .owningGroup(4), .mask(4), .other(0)])
                d.getACL("a")
            }
            d.by(.bob) {
                d.getACL("a")
                d.removexattr("a", "system.posix_acl_access")
            }
        },
        "default list is inherited": { d in
            d.mkdir("dir", mode: 0o777)
            d.setACL(
                "dir", [.owner(7), .user(51002, 6), .owningGroup(5), .mask(7), .other(1)],
                isDefault: true)
            d.by(.alice) {
                d.withUmask(0o077) {
                    d.open("dir/f", [.writeOnly, .create], mode: 0o666)
                    d.mkdir("dir/sub", mode: 0o777)
                    d.mknod("dir/fifo", .fifo, mode: 0o600)
                    d.symlink("x", "dir/link")
                }
            }
            for name in ["dir/f", "dir/sub", "dir/fifo"] {
                d.stat(FileName(name))
                d.getACL(FileName(name))
            }
            d.getACL("dir/sub", isDefault: true)
            d.getACL("dir/f", isDefault: true)
            d.lstat("dir/link")
            d.by(.bob) { d.open("dir/f", .readWrite) }
        },
        "default list without a mask": { d in
            d.mkdir("dir", mode: 0o777)
            d.setACL("dir", [.owner(7), .owningGroup(5), .other(4)], isDefault: true)
            d.withUmask(0o027) {
                d.open("dir/f", [.writeOnly, .create], mode: 0o666)
                d.mkdir("dir/sub", mode: 0o777)
                d.open("dir", [.writeOnly, .temporary], mode: 0o666).stat()
            }
            d.stat("dir/f")
            d.stat("dir/sub")
            d.getACL("dir/f")
            d.getACL("dir/sub", isDefault: true)
        },
        "default list through levels": { d in
            d.mkdir("dir", mode: 0o777)
            d.setACL(
                "dir", [.owner(7), .owningGroup(5), .group(User.team, 7), .mask(7), .other(0)],
                isDefault: true)
            d.mkdir("dir/a", mode: 0o777)
            d.mkdir("dir/a/b", mode: 0o777)
            d.makeFile("dir/a/b/f", "text", mode: 0o666)
            d.getACL("dir/a/b/f")
            d.by(.aliceOfTeam) {
                d.makeFile("dir/a/b/g")
                d.contents("dir/a/b/f")
            }
            d.by(.alice) { d.contents("dir/a/b/f") }
            d.removexattr("dir/a", "system.posix_acl_default")
            d.mkdir("dir/a/c")
            d.getACL("dir/a/c", isDefault: true)
        },
        "list of a directory": { d in
            d.mkdir("dir", mode: 0o700)
            d.makeFile("dir/f", "text", mode: 0o644)
            d.setACL("dir", [.owner(7), .user(51001, 5), .owningGroup(0), .mask(5), .other(0)])
            d.by(.alice) {
                d.list("dir")
                d.contents("dir/f")
                d.makeFile("dir/new")
            }
            d.by(.bob) { d.contents("dir/f") }
            d.setACL("dir", [.owner(7), .user(51001, 1), .owningGroup(0), .mask(5), .other(0)])
            d.by(.alice) {
                d.list("dir")
                d.contents("dir/f")
            }
        },
        "list moves with the file": { d in
            d.makeFile("a", "text", mode: 0o600)
            d.setACL("a", [.owner(6), .user(51001, 4), .owningGroup(0), .mask(4), .other(0)])
            d.rename("a", "b")
            d.link("b", "c")
            d.getACL("c")
            d.by(.alice) { d.contents("c") }
            d.chown("c", 51002, 51002)
            d.getACL("b")
            d.by(.bob) { d.open("b", .readWrite) }
        },
        "list changes a cached answer at once": { d in
            d.makeFile("a", "text", mode: 0o600)
            for _ in 0..<3 {
                d.by(.alice) { d.access("a", .read) }
                d.setACL("a", [.owner(6), .user(51001, 4), .owningGroup(0), .mask(4), .other(0)])
                d.by(.alice) { d.access("a", .read) }
                d.removexattr("a", "system.posix_acl_access")
                d.chmod("a", 0o600)
            }
        },
        "list on a link": { d in
            d.makeFile("a", mode: 0o600)
            d.symlink("a", "link")
            d.setACL("link", [.owner(6), .user(51001, 4), .owningGroup(0), .mask(4), .other(0)])
            d.getACL("a")
            d.getxattr("link", "system.posix_acl_access", noFollow: true)
        },
        "clears set-group-ID": { d in
            d.makeFile("a")
            d.chown("a", 51001, User.team)
            d.chmod("a", 0o2755)
            d.by(.alice) { d.setACL("a", [.owner(7), .owningGroup(5), .other(5)]) }
            d.stat("a")
        },
    ]
}
