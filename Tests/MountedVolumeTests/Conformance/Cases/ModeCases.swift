/// chmod(2), chown(2), and the set-user-ID and set-group-ID bits.
enum ModeCases {
    static let area = ConformanceArea(
        name: "modes and owners",
        cases: modes.merging(owners.merging(setIDs) { one, _ in one }) {
            one, _ in one
        })

    private static let modes: [String: ConformanceCase] = [
        "chmod": { d in
            d.makeFile("a")
            for mode: UInt32 in [0o000, 0o777, 0o4755, 0o2755, 0o1644, 0o7777, 0o644] {
                d.chmod("a", mode)
                d.stat("a")
            }
            d.mkdir("dir")
            d.chmod("dir", 0o3755)
            d.stat("dir")
            d.chmod("missing", 0o600)
        },
        "fchmod": { d in
            d.makeFile("a", mode: 0o600)
            let file = d.open("a")
            file.chmod(0o4711)
            file.stat()
            d.stat("a")
            d.open("a", [.path]).chmod(0o600)
        },
        "chmod through a link": { d in
            d.makeFile("a")
            d.symlink("a", "link")
            d.chmod("link", 0o600)
            d.stat("a")
            d.lstat("link")
            d.chmodNoFollow("link", 0o600)
            d.chmodNoFollow("a", 0o640)
            d.stat("a")
        },
        "chmod of special files": { d in
            d.mknod("fifo", .fifo)
            d.chmod("fifo", 0o4711)
            d.stat("fifo")
            d.mknod("socket", .socket)
            d.chmod("socket", 0o600)
            d.stat("socket")
        },
        "chmod by owner and others": { d in
            d.makeFile("a", mode: 0o666)
            d.chown("a", User.alice.user, User.alice.group)
            d.by(.alice) {
                d.chmod("a", 0o640)
                d.stat("a")
            }
            d.by(.bob) {
                d.chmod("a", 0o777)
                d.open("a").chmod(0o777)
            }
            d.stat("a")
        },
        "sticky bit on a file by its owner": { d in
            d.makeFile("a")
            d.chown("a", User.alice.user, User.alice.group)
            d.by(.alice) { d.chmod("a", 0o1644) }
            d.stat("a")
        },
        "chmod closes an open file to others only": { d in
            d.makeFile("a", "text", mode: 0o666)
            d.by(.alice) {
                let file = d.open("a", .readWrite)
                d.marked("before") { file.pread(4, at: 0) }
                file.write("T")
            }
            d.chmod("a", 0o600)
            d.by(.alice) {
                d.open("a", .readWrite)
                d.access("a", .read)
            }
        },
    ]

    private static let owners: [String: ConformanceCase] = [
        "chown": { d in
            d.makeFile("a")
            d.chown("a", 51001, 51002)
            d.stat("a")
            d.chown("a", nil, 7)
            d.stat("a")
            d.chown("a", 8, nil)
            d.stat("a")
            d.chown("a", nil, nil)
            d.stat("a")
            d.chown("missing", 1, 1)
            d.chown("a", 4_000_000_000, 4_000_000_001)
            d.stat("a")
        },
        "lchown": { d in
            d.makeFile("a")
            d.symlink("a", "link")
            d.lchown("link", 51001, 51002)
            d.lstat("link")
            d.stat("a")
            d.chown("link", 3, 4)
            d.stat("a")
            d.lstat("link")
            d.symlink("missing", "dangling")
            d.chown("dangling", 1, 1)
            d.lchown("dangling", 1, 1)
            d.lstat("dangling")
        },
        "fchown": { d in
            d.makeFile("a")
            let file = d.open("a")
            file.chown(5, 6)
            file.stat()
            d.stat("a")
            d.mkdir("dir")
            d.open("dir").chown(7, 8)
            d.stat("dir")
        },
        "chown by owner and others": { d in
            d.makeFile("a")
            d.chown("a", User.alice.user, User.alice.group)
            d.by(.alice) {
                d.chown("a", User.bob.user, nil)
                d.chown("a", nil, User.team)
                d.chown("a", User.alice.user, User.alice.group)
            }
            d.by(.aliceOfTeam) {
                d.chown("a", nil, User.team)
                d.stat("a")
            }
            d.by(.bob) {
                d.chown("a", User.bob.user, nil)
                d.chown("a", nil, User.bob.group)
            }
        },
        "owners of what users make": { d in
            d.chmod(".", 0o777)
            d.by(.aliceOfTeam) {
                d.makeFile("f")
                d.mkdir("dir")
                d.symlink("f", "link")
                d.mknod("fifo", .fifo)
                d.link("f", "hard")
            }
            for name in ["f", "dir", "link", "fifo", "hard"] { d.lstat(FileName(name)) }
        },
    ]

    private static let setIDs: [String: ConformanceCase] = [
        "write clears the bits": { d in
            d.makeFile("a", "text", mode: 0o666)
            d.chown("a", User.alice.user, User.alice.group)
            d.chmod("a", 0o6777)
            d.by(.alice) { d.open("a", .writeOnly).write("T") }
            d.stat("a")
            d.chmod("a", 0o6777)
            d.by(.bob) { d.open("a", .readWrite).pwrite("U", at: 1) }
            d.stat("a")
            d.chmod("a", 0o6766)
            d.by(.bob) { d.open("a", .readWrite).pwrite("U", at: 1) }
            d.stat("a")
        },
        "write by root keeps the bits": { d in
            d.makeFile("a", "text")
            d.chmod("a", 0o6777)
            d.open("a", .writeOnly).write("T")
            d.stat("a")
            d.truncate("a", 2)
            d.stat("a")
        },
        "direct write clears the bits": { d in
            d.makeFile("a", "text", mode: 0o666)
            d.chmod("a", 0o6777)
            d.by(.alice) {
                d.open("a", [.writeOnly, .direct]).pwriteAligned(65, count: 4096, at: 0)
            }
            d.stat("a")
        },
        "truncate clears the bits": { d in
            d.makeFile("a", "text", mode: 0o666)
            d.chmod("a", 0o6777)
            d.by(.alice) { d.truncate("a", 2) }
            d.stat("a")
            d.chmod("a", 0o6777)
            d.by(.alice) { d.open("a", .readWrite).truncate(1) }
            d.stat("a")
            d.chmod("a", 0o6777)
            d.by(.alice) { d.open("a", [.writeOnly, .truncate]) }
            d.stat("a")
        },
        "allocate and copy clear the bits": { d in
            d.makeFile("a", "text", mode: 0o666)
            d.makeFile("b", "other", mode: 0o666)
            d.chmod("a", 0o6777)
            d.by(.alice) { d.open("a", .readWrite).allocate([], at: 0, 8192) }
            d.stat("a")
            d.chmod("a", 0o6777)
            d.by(.alice) {
                d.open("b", .readWrite).copyRange(5, at: 0, to: d.open("a", .readWrite), at: 0)
            }
            d.stat("a")
        },
        "chown clears the bits": { d in
            d.makeFile("a")
            d.chmod("a", 0o6777)
            d.chown("a", User.alice.user, User.alice.group)
            d.stat("a")
            d.chmod("a", 0o6766)
            d.chown("a", nil, User.team)
            d.stat("a")
            d.chmod("a", 0o6777)
            d.by(.aliceOfTeam) { d.chown("a", nil, User.alice.group) }
            d.stat("a")
            d.mkdir("dir")
            d.chmod("dir", 0o6777)
            d.chown("dir", 5, 5)
            d.stat("dir")
        },
        "chmod by one outside of the group": { d in
            d.makeFile("a")
            d.chown("a", User.alice.user, User.team)
            d.by(.alice) { d.chmod("a", 0o2755) }
            d.stat("a")
            d.by(.aliceOfTeam) { d.chmod("a", 0o2755) }
            d.stat("a")
        },
        "set-user-ID program": { d in
            d.copyProgram("/usr/bin/id", to: "id")
            d.run("id")
            d.chmod("id", 0o6755)
            d.by(.alice) { d.run("id") }
        },
        "file capabilities go with a write": { d in
            d.makeFile("a", "text", mode: 0o666)
            let capability: [UInt8] =
                [1, 0, 0, 2] + [0, 4, 0, 0] + [UInt8](repeating: 0, count: 12)
            d.setxattr("a", "security.capability", capability)
            d.getxattr("a", "security.capability")
            d.by(.alice) { d.open("a", .writeOnly).write("T") }
            d.getxattr("a", "security.capability")
            d.setxattr("a", "security.capability", capability)
            d.chown("a", 5, 5)
            d.getxattr("a", "security.capability")
            d.setxattr("a", "security.capability", capability)
            d.truncate("a", 1)
            d.getxattr("a", "security.capability")
        },
    ]
}
