/// rename(2) and renameat2(2).
enum RenameCases {
    static let area = ConformanceArea(
        name: "rename", cases: plain.merging(flagged) { one, _ in one })

    private static let plain: [String: ConformanceCase] = [
        "file to a new name": { d in
            d.makeFile("a", "text")
            d.keepingInode("a", as: "b") { d.rename("a", "b") }
            d.stat("a")
            d.contents("b")
        },
        "file over a file": { d in
            d.makeFile("a", "new")
            d.makeFile("b", "old")
            d.keepingInode("a", as: "b") { d.rename("a", "b") }
            d.contents("b")
            d.list()
        },
        "directory to a new name": { d in
            d.mkdir("a")
            d.makeFile("a/f", "in")
            d.keepingInode("a", as: "b") { d.rename("a", "b") }
            d.contents("b/f")
            d.rename("b/", "c/")
            d.contents("c/f")
        },
        "directory over an empty directory": { d in
            d.mkdir("a")
            d.makeFile("a/f", "in")
            d.mkdir("b")
            d.keepingInode("a", as: "b") { d.rename("a", "b") }
            d.contents("b/f")
            d.stat(".")
        },
        "directory over a full directory": { d in
            d.mkdir("a")
            d.mkdir("b")
            d.makeFile("b/f")
            d.rename("a", "b")
            d.list()
        },
        "file and directory": { d in
            d.makeFile("f")
            d.mkdir("dir")
            d.rename("f", "dir")
            d.rename("dir", "f")
            d.rename("f", "dir/")
            d.rename("f/", "g")
            d.rename("f", "g/")
        },
        "directory into itself": { d in
            d.mkdir("a")
            d.mkdir("a/b")
            d.rename("a", "a/c")
            d.rename("a", "a/b/c")
            d.rename("a", "a/b")
            d.rename("a/b", "a")
            d.rename("a", "a")
            d.rename("a", ".")
            d.rename(".", "x")
            d.rename("..", "x")
            d.rename("a/.", "x")
            d.rename("a", "a/..")
        },
        "nothing there": { d in
            d.rename("a", "b")
            d.makeFile("a")
            d.rename("a", "x/b")
            d.rename("a", "")
            d.rename("", "a")
            d.rename("a", "a/b")
        },
        "two names of one file": { d in
            d.makeFile("a", "text")
            d.link("a", "b")
            d.rename("a", "b")
            d.list()
            d.stat("a")
        },
        "links are renamed themselves": { d in
            d.makeFile("f", "text")
            d.symlink("f", "link")
            d.rename("link", "other")
            d.readlink("other")
            d.makeFile("g", "g")
            d.rename("g", "other")
            d.lstat("other")
            d.contents("f")
            d.symlink("nowhere", "dangling")
            d.rename("f", "dangling")
            d.lstat("dangling")
        },
        "special files": { d in
            d.mknod("fifo", .fifo)
            d.mknod("null", .characterDevice, mode: 0o666, device: (1, 3))
            d.rename("fifo", "fifo2")
            d.rename("null", "fifo2")
            d.stat("fifo2")
            d.makeFile("f")
            d.rename("f", "fifo2")
            d.stat("fifo2")
        },
        "between directories": { d in
            d.mkdir("x")
            d.mkdir("y")
            d.makeFile("x/a", "text")
            d.mkdir("x/sub")
            d.rename("x/a", "y/b")
            d.rename("x/sub", "y/sub")
            d.stat("x")
            d.stat("y")
            d.contents("y/b")
            d.compareInodes("y/sub/..", "y")
        },
        "of open files": { d in
            d.makeFile("a", "text")
            let file = d.open("a", .readWrite)
            d.rename("a", "b")
            file.write("TE")
            d.contents("b")
            d.mkdir("dir")
            let directory = d.open("dir")
            d.rename("dir", "moved")
            directory.openat("f", [.writeOnly, .create]).write("x")
            d.contents("moved/f")
            d.rename("b", "moved/f")
            file.pwrite("ZZ", at: 2)
            d.contents("moved/f")
        },
        "to another file system": { d in
            d.makeFile("a")
            d.rename("a", "/dev/shm/bypassio-never")
        },
        "permissions": { d in
            d.mkdir("open", mode: 0o777)
            d.mkdir("closed", mode: 0o755)
            d.makeFile("open/f")
            d.makeFile("closed/f")
            d.mkdir("open/dir")
            d.by(.alice) {
                d.rename("open/f", "open/g")
                d.rename("open/g", "closed/g")
                d.rename("closed/f", "open/f")
                d.rename("open/dir", "open/dir2")
                d.mkdir("open/mine")
                d.rename("open/dir2", "open/mine/dir")
                d.rename("open/mine", "open/mine2")
            }
        },
        "sticky directory": { d in
            d.mkdir("dir")
            d.chmod("dir", 0o1777)
            d.by(.alice) {
                d.makeFile("dir/alice", "a")
                d.mkdir("dir/aliceDir")
            }
            d.by(.bob) {
                d.makeFile("dir/bob", "b")
                d.rename("dir/alice", "dir/x")
                d.unlink("dir/alice")
                d.rename("dir/bob", "dir/alice")
                d.rmdir("dir/aliceDir")
                d.rename("dir/bob", "dir/bob2")
                d.unlink("dir/bob2")
            }
            d.by(.alice) {
                d.rename("dir/alice", "dir/x")
                d.unlink("dir/x")
                d.rmdir("dir/aliceDir")
            }
        },
        "owner of a sticky directory": { d in
            d.mkdir("dir")
            d.chown("dir", User.alice.user, User.alice.group)
            d.chmod("dir", 0o1777)
            d.by(.bob) { d.makeFile("dir/bob", "b") }
            d.makeFile("dir/root", "r")
            d.by(.alice) {
                d.unlink("dir/bob")
                d.rename("dir/root", "dir/x")
            }
            d.list("dir")
        },
        "hundred times back and forth": { d in
            d.makeFile("a", "text")
            d.mkdir("x")
            d.unrecorded {
                for _ in 0..<50 {
                    d.rename("a", "x/b")
                    d.rename("x/b", "a")
                }
            }
            d.contents("a")
            d.list("x")
        },
    ]

    private static let flagged: [String: ConformanceCase] = [
        "no replace": { d in
            d.makeFile("a", "a")
            d.makeFile("b", "b")
            d.rename("a", "b", .noReplace)
            d.rename("a", "c", .noReplace)
            d.rename("missing", "d", .noReplace)
            d.mkdir("dir")
            d.mkdir("empty")
            d.rename("dir", "empty", .noReplace)
            d.symlink("x", "dangling")
            d.rename("c", "dangling", .noReplace)
            d.rename("c", "c", .noReplace)
            d.list()
        },
        "exchange": { d in
            d.makeFile("a", "a")
            d.makeFile("b", "bb")
            d.keepingInode("a", as: "b") { d.rename("a", "b", .exchange) }
            d.contents("a")
            d.contents("b")
            d.rename("a", "missing", .exchange)
            d.rename("missing", "a", .exchange)
        },
        "exchange file and directory": { d in
            d.makeFile("f", "file")
            d.mkdir("dir")
            d.makeFile("dir/in", "in")
            d.rename("f", "dir", .exchange)
            d.contents("dir")
            d.contents("f/in")
            d.mkdir("x")
            d.rename("f", "x", .exchange)
            d.rename("x", "x/in", .exchange)
            d.stat(".")
        },
        "exchange between directories": { d in
            d.mkdir("x")
            d.mkdir("y")
            d.mkdir("x/sub")
            d.makeFile("y/f", "file")
            d.rename("x/sub", "y/f", .exchange)
            d.stat("x")
            d.stat("y")
            d.list("x")
            d.list("y")
        },
        "exchange while open": { d in
            d.makeFile("a", "a")
            d.makeFile("b", "b")
            let (one, two) = (d.open("a", .readWrite), d.open("b", .readWrite))
            d.rename("a", "b", .exchange)
            one.pwrite("1", at: 0)
            two.pwrite("2", at: 0)
            d.contents("a")
            d.contents("b")
        },
        "contradictory flags": { d in
            d.makeFile("a")
            d.makeFile("b")
            d.rename("a", "b", [.noReplace, .exchange])
            d.rename("a", "b", RenameFlags(rawValue: 8))
            d.rename("a", "b", [.exchange, .whiteout])
        },
        "whiteout": { d in
            d.makeFile("a", "text")
            d.rename("a", "b", .whiteout)
            d.stat("a")
            d.contents("b")
        },
    ]
}
