/// link(2), symlink(2), readlink(2), unlink(2), and how paths are walked.
enum LinkCases {
    static let area = ConformanceArea(name: "links", cases: cases)

    private static let cases: [String: ConformanceCase] = [
        "hard link": { d in
            d.makeFile("a", "text")
            d.link("a", "b")
            d.stat("a")
            d.stat("b")
            d.compareInodes("a", "b")
            d.open("b", .readWrite).pwrite("T", at: 0)
            d.contents("a")
            d.unlink("a")
            d.stat("b")
        },
        "hard link errors": { d in
            d.makeFile("a")
            d.makeFile("b")
            d.mkdir("dir")
            d.link("a", "b")
            d.link("a", "a")
            d.link("missing", "c")
            d.link("dir", "c")
            d.link("a", "missing/c")
            d.link("a", "b/c")
            d.link("a/x", "c")
            d.link("a", "")
            d.link("a", "new/")
            d.link("a", "dir")
            d.link("a", "/dev/shm/bypassio-never")
        },
        "hard link of a link": { d in
            d.makeFile("a", "text")
            d.symlink("a", "link")
            d.link("link", "hard")
            d.lstat("hard")
            d.link("link", "followed", follow: true)
            d.lstat("followed")
            d.symlink("missing", "dangling")
            d.link("dangling", "hardDangling")
            d.link("dangling", "x", follow: true)
        },
        "hard link of special files": { d in
            d.mknod("fifo", .fifo)
            d.link("fifo", "fifo2")
            d.mknod("null", .characterDevice, mode: 0o666, device: (1, 3))
            d.link("null", "null2")
            d.stat("null2")
            d.stat("fifo2")
        },
        "hard links in other directories": { d in
            d.mkdir("x")
            d.mkdir("y")
            d.makeFile("x/a", "text")
            d.link("x/a", "y/b")
            d.rename("y/b", "c")
            d.compareInodes("x/a", "c")
            d.chmod("c", 0o600)
            d.stat("x/a")
            d.truncate("x/a", 2)
            d.stat("c")
        },
        "two hundred hard links": { d in
            d.makeFile("a", "text")
            d.unrecorded { for number in 0..<200 { d.link("a", FileName("link \(number)")) } }
            d.stat("a")
            d.unrecorded { for number in 0..<150 { d.unlink(FileName("link \(number)")) } }
            d.stat("link 180")
        },
        "hard link of somebody else's file": { d in
            d.chmod(".", 0o777)
            d.makeFile("a", "text", mode: 0o600)
            d.makeFile("b", "text", mode: 0o666)
            d.by(.alice) {
                d.link("a", "x")
                d.link("b", "y")
            }
            d.mkdir("closed", mode: 0o755)
            d.by(.alice) { d.link("b", "closed/b") }
        },
        "symbolic link": { d in
            d.symlink("some/where", "a")
            d.lstat("a")
            d.stat("a")
            d.readlink("a")
            d.readlink("a", capacity: 4)
            d.readlink("a", capacity: 0)
            d.makeFile("f")
            d.readlink("f")
            d.readlink("missing")
            d.mkdir("dir")
            d.readlink("dir")
        },
        "symbolic link errors": { d in
            d.makeFile("f")
            d.symlink("x", "f")
            d.symlink("x", "f/a")
            d.symlink("x", "missing/a")
            d.symlink("", "a")
            d.symlink("x", "")
            d.symlink("x", "new/")
            d.symlink(.repeating("t", 4095), "long")
            d.readlink("long")
            d.symlink(.repeating("t", 4096), "longer")
            d.symlink(.repeating("t", 59), "inode")
            d.readlink("inode")
            d.symlink(.repeating("t", 60), "block")
            d.readlink("block")
        },
        "loops": { d in
            d.symlink("a", "a")
            d.open("a")
            d.stat("a")
            d.lstat("a")
            d.symlink("c", "b")
            d.symlink("b", "c")
            d.open("b", [.writeOnly, .create])
            d.open("b", [.path, .noFollow]).stat()
            d.rename("b", "d")
            d.chmod("a", 0o600)
            d.unlink("a")
        },
        "forty links and one more": { d in
            d.makeFile("f", "end")
            d.symlink("f", "l0")
            d.unrecorded {
                for number in 1...45 {
                    d.symlink(FileName("l\(number - 1)"), FileName("l\(number)"))
                }
            }
            d.contents("l38")
            d.contents("l39")
            d.contents("l40")
        },
        "absolute link": { d in
            d.symlink("/etc/hostname-not-there", "a")
            d.open("a")
            d.symlink("/dev/null", "null")
            d.stat("null")
            d.open("null", .readWrite).write("gone")
        },
        "link to the parent": { d in
            d.mkdir("dir")
            d.makeFile("f", "text")
            d.symlink("..", "dir/up")
            d.contents("dir/up/f")
            d.list("dir/up")
            d.compareInodes("dir/up/f", "f")
            d.chdir("dir/up/dir")
            d.workingDirectory()
        },
        "link that changes": { d in
            d.makeFile("one", "1")
            d.makeFile("two", "2")
            d.symlink("one", "link")
            d.contents("link")
            d.unlink("link")
            d.symlink("two", "link")
            d.contents("link")
            d.symlink("one", "temporary")
            d.rename("temporary", "link")
            d.contents("link")
            d.readlink("link")
        },
        "a file in the middle of a path": { d in
            d.makeFile("f")
            d.open("f/x")
            d.stat("f/x")
            d.lstat("f/x")
            d.mkdir("f/x")
            d.rmdir("f/x")
            d.unlink("f/x")
            d.symlink("t", "f/x")
            d.readlink("f/x")
            d.rename("f/x", "y")
            d.rename("f", "f/x")
            d.link("f", "f/x")
            d.chmod("f/x", 0o600)
            d.chown("f/x", 1, 1)
            d.truncate("f/x", 0)
            d.access("f/x", .exists)
            d.mknod("f/x", .fifo)
            d.touch("f/x")
            d.getxattr("f/x", "user.a")
            d.setxattr("f/x", "user.a", "v")
            d.chdir("f/x")
        },
        "nothing in the middle of a path": { d in
            d.open("no/x")
            d.open("no/x", [.writeOnly, .create])
            d.stat("no/x")
            d.mkdir("no/x")
            d.rmdir("no/x")
            d.unlink("no/x")
            d.symlink("t", "no/x")
            d.readlink("no/x")
            d.rename("no/x", "y")
            d.makeFile("f")
            d.rename("f", "no/x")
            d.link("f", "no/x")
            d.chmod("no/x", 0o600)
            d.chown("no/x", 1, 1)
            d.truncate("no/x", 0)
            d.access("no/x", .exists)
            d.mknod("no/x", .fifo)
            d.touch("no/x")
            d.listxattr("no/x")
        },
    ]
}
