/// Permissions of several users: access(2), search, read and write.
enum PermissionCases {
    static let area = ConformanceArea(name: "permissions", cases: cases)

    private static let everyone: [User] = [.alice, .bob, .bobInGroups, .aliceOfTeam]

    private static let cases: [String: ConformanceCase] = [
        "access by every class": { d in
            for mode: UInt32 in [0o700, 0o070, 0o007, 0o640, 0o751, 0o000, 0o111] {
                let name = FileName("m\(String(mode, radix: 8))")
                d.makeFile(name, mode: mode)
                d.chown(name, User.alice.user, User.team)
                for user in everyone {
                    d.by(user) {
                        for access: AccessMode in [.read, .write, .execute, [.read, .write]] {
                            d.access(name, access)
                        }
                    }
                }
                d.access(name, [.read, .write])
                d.access(name, .execute)
            }
        },
        "open by every class": { d in
            for mode: UInt32 in [0o600, 0o060, 0o006, 0o444, 0o222] {
                let name = FileName("m\(String(mode, radix: 8))")
                d.makeFile(name, "text", mode: mode)
                d.chown(name, User.alice.user, User.team)
                for user in everyone {
                    d.by(user) {
                        d.open(name, .readOnly)
                        d.open(name, .writeOnly)
                        d.open(name, .readWrite)
                    }
                }
            }
        },
        "access with effective rights": { d in
            d.makeFile("a", mode: 0o600)
            d.symlink("missing", "dangling")
            d.faccessat("a", .read, flags: 0x200)
            d.faccessat("dangling", .exists, flags: 0x100)
            d.faccessat("dangling", .exists, flags: 0)
            d.faccessat("a", .read, flags: 0x8000)
            d.faccessat("a", AccessMode(rawValue: 8), flags: 0)
            d.by(.alice) { d.faccessat("a", .read, flags: 0x200) }
        },
        "access of what is not there": { d in
            d.access("a", .exists)
            d.access("", .exists)
            d.mkdir("closed", mode: 0o700)
            d.makeFile("closed/f", mode: 0o777)
            d.by(.alice) {
                d.access("closed/f", .exists)
                d.access("closed/missing", .exists)
                d.access("closed", .exists)
            }
        },
        "search permission": { d in
            d.mkdir("dir")
            d.makeFile("dir/f", "text", mode: 0o666)
            d.mkdir("dir/sub", mode: 0o777)
            for mode: UInt32 in [0o711, 0o744, 0o722, 0o700] {
                d.chmod("dir", mode)
                d.by(.alice) {
                    d.stat("dir/f")
                    d.open("dir/f", .readWrite)
                    d.list("dir")
                    d.chmod("dir/f", 0o666)
                    d.unlink("dir/f")
                    d.rename("dir/f", "dir/g")
                    d.link("dir/f", "dir/g")
                    d.mkdir("dir/new")
                    d.list("dir/sub")
                    d.readlink("dir/f")
                    d.truncate("dir/f", 4)
                }
            }
        },
        "write permission of a directory": { d in
            d.mkdir("dir", mode: 0o755)
            d.makeFile("dir/f", mode: 0o666)
            d.mkdir("dir/sub", mode: 0o777)
            d.by(.alice) {
                d.makeFile("dir/new")
                d.mkdir("dir/newDir")
                d.symlink("x", "dir/newLink")
                d.mknod("dir/newFifo", .fifo)
                d.link("dir/f", "dir/hard")
                d.unlink("dir/f")
                d.rmdir("dir/sub")
                d.rename("dir/f", "dir/g")
                d.rename("dir/f", "dir/sub/f")
                d.makeFile("dir/sub/mine")
                d.rename("dir/sub/mine", "dir/mine")
                d.open("dir/f", .readWrite).write("may")
            }
        },
        "create in a directory one may write but not read": { d in
            d.mkdir("drop", mode: 0o733)
            d.by(.alice) {
                d.makeFile("drop/f", "text")
                d.list("drop")
                d.contents("drop/f")
                d.unlink("drop/f")
            }
        },
        "search of a deep path": { d in
            d.mkdir("a", mode: 0o755)
            d.mkdir("a/b", mode: 0o700)
            d.mkdir("a/b/c", mode: 0o777)
            d.makeFile("a/b/c/f", "text", mode: 0o666)
            d.symlink("a/b/c/f", "link")
            d.by(.alice) {
                d.contents("a/b/c/f")
                d.contents("link")
                d.lstat("link")
                d.stat("a/b")
                d.stat("a/b/c")
                d.makeFile("a/b/c/g")
            }
            d.chmod("a/b", 0o711)
            d.by(.alice) {
                d.contents("a/b/c/f")
                d.contents("link")
            }
        },
        "open directory keeps its use": { d in
            d.mkdir("dir", mode: 0o755)
            d.makeFile("dir/f", "text", mode: 0o644)
            d.by(.alice) {
                let directory = d.open("dir")
                d.marked("may") { directory.openat("f", .readOnly).read(4) }
                d.readEntries(directory)
            }
            let directory = d.open("dir")
            d.chmod("dir", 0o700)
            d.by(.alice) {
                directory.openat("f", .readOnly)
                d.readEntries(directory)
            }
        },
        "device nodes need root": { d in
            d.chmod(".", 0o777)
            d.by(.alice) {
                d.mknod("null", .characterDevice, device: (1, 3))
                d.mknod("disk", .blockDevice, device: (7, 0))
                d.mknod("fifo", .fifo)
                d.mknod("file", .regular)
                d.mknod("socket", .socket)
            }
            d.list()
        },
        "group from several groups": { d in
            d.mkdir("dir", mode: 0o770)
            d.chown("dir", 0, User.team)
            d.by(.bob) { d.makeFile("dir/bob") }
            d.by(.bobInGroups) {
                d.makeFile("dir/member", "text")
                d.chown("dir/member", nil, User.team)
                d.chown("dir/member", nil, 77777)
                d.stat("dir/member")
            }
            d.by(.aliceOfTeam) {
                d.contents("dir/member")
                d.open("dir/member", .writeOnly)
            }
        },
        "owner without rights": { d in
            d.makeFile("a", "text", mode: 0o077)
            d.chown("a", User.alice.user, User.alice.group)
            d.by(.alice) {
                d.open("a")
                d.stat("a")
                d.chmod("a", 0o600)
                d.contents("a")
            }
        },
        "rights that change at once": { d in
            d.mkdir("dir", mode: 0o755)
            d.makeFile("dir/f", "text", mode: 0o644)
            for _ in 0..<3 {
                d.by(.alice) { d.contents("dir/f") }
                d.chmod("dir/f", 0o600)
                d.by(.alice) { d.contents("dir/f") }
                d.chmod("dir/f", 0o644)
                d.chmod("dir", 0o700)
                d.by(.alice) { d.contents("dir/f") }
                d.chmod("dir", 0o755)
            }
        },
        "run needs execute permission": { d in
            d.copyProgram("/bin/true", to: "program", mode: 0o644)
            d.run("program")
            d.by(.alice) { d.run("program") }
            d.chmod("program", 0o711)
            d.by(.alice) { d.run("program") }
            d.run("program")
        },
    ]
}
