/// mkdir(2), rmdir(2), reading directories.
enum DirectoryCases {
    static let area = ConformanceArea(
        name: "directories", cases: making.merging(reading) { one, _ in one })

    private static let making: [String: ConformanceCase] = [
        "make": { d in
            d.mkdir("a", mode: 0o750)
            d.stat("a")
            d.mkdir("a")
            d.mkdir("a/b")
            d.stat("a")
            d.stat("a/..")
            d.mkdir("b/")
            d.mkdir("missing/a")
            d.makeFile("f")
            d.mkdir("f")
            d.mkdir("f/a")
            d.mkdir(".")
            d.mkdir("..")
            d.mkdir("")
            d.mkdir("a/.")
        },
        "make with mode and umask": { d in
            d.withUmask(0o077) { d.mkdir("a", mode: 0o777) }
            d.withUmask(0) {
                d.mkdir("b", mode: 0o1777)
                d.mkdir("c", mode: 0o7777)
            }
            d.stat("a")
            d.stat("b")
            d.stat("c")
        },
        "make over a dangling link": { d in
            d.symlink("target", "link")
            d.mkdir("link")
            d.mkdir("link/")
            d.list()
        },
        "setgid directory passes its group on": { d in
            d.mkdir("dir")
            d.chown("dir", 0, User.team)
            d.chmod("dir", 0o2777)
            d.by(.alice) {
                d.makeFile("dir/f")
                d.mkdir("dir/sub")
                d.symlink("f", "dir/link")
                d.mknod("dir/fifo", .fifo)
                d.stat("dir/f")
                d.stat("dir/sub")
                d.lstat("dir/link")
                d.stat("dir/fifo")
                d.withUmask(0) {
                    d.open("dir/setgid", [.writeOnly, .create], mode: 0o2777)
                    d.open("dir/setgidNoExecute", [.writeOnly, .create], mode: 0o2767)
                }
                d.stat("dir/setgid")
                d.stat("dir/setgidNoExecute")
            }
            d.by(.aliceOfTeam) {
                d.withUmask(0) { d.open("dir/member", [.writeOnly, .create], mode: 0o2777) }
                d.stat("dir/member")
            }
        },
        "remove": { d in
            d.mkdir("a")
            d.rmdir("a")
            d.rmdir("a")
            d.mkdir("b")
            d.makeFile("b/f")
            d.rmdir("b")
            d.unlink("b/f")
            d.rmdir("b/")
            d.makeFile("f")
            d.rmdir("f")
            d.rmdir("f/x")
            d.symlink("d", "link")
            d.mkdir("d")
            d.rmdir("link")
            d.rmdir("link/")
            d.rmdir(".")
            d.rmdir("d/.")
            d.rmdir("..")
            d.rmdir("d/..")
            d.rmdir("")
        },
        "unlink of a directory": { d in
            d.mkdir("a")
            d.unlink("a")
            d.unlink("a/")
            d.unlinkat("a", flags: 0x200)
            d.makeFile("f")
            d.unlinkat("f", flags: 0x200)
            d.unlinkat("f", flags: 1)
            d.unlink("f/")
            d.unlink("f")
            d.unlink(".")
            d.unlink("missing")
        },
        "links of a directory": { d in
            d.stat(".")
            d.mkdir("a")
            d.mkdir("b")
            d.mkdir("a/c")
            d.makeFile("f")
            d.stat(".")
            d.stat("a")
            d.rmdir("b")
            d.rename("a/c", "c")
            d.stat(".")
            d.stat("a")
            d.link("a", "hard")
        },
        "deep tree": { d in
            var path = ""
            for level in 0..<40 {
                path += level == 0 ? "d" : "/d"
                d.mkdir(FileName(path))
            }
            d.makeFile(FileName(path + "/f"), "deep")
            d.contents(FileName(path + "/f"))
            d.chdir(FileName(path))
            d.workingDirectory()
            d.stat("../../../d")
            d.rename("f", "../../f")
            d.contents("../../f")
        },
        "working directory that moves": { d in
            d.mkdir("a")
            d.mkdir("b")
            d.chdir("a")
            d.rename("../a", "../b/c")
            d.workingDirectory()
            d.makeFile("f", "x")
            d.contents("../c/f")
            d.chdir("..")
            d.workingDirectory()
        },
        "chdir errors": { d in
            d.makeFile("f")
            d.chdir("f")
            d.chdir("missing")
            d.mkdir("closed", mode: 0o700)
            d.by(.alice) { d.chdir("closed") }
            d.open("f").chdir()
        },
    ]

    private static let reading: [String: ConformanceCase] = [
        "empty directory": { d in
            d.mkdir("a")
            let directory = d.open("a")
            d.readEntries(directory)
            d.readEntries(directory)
            directory.seek(0)
            d.readEntries(directory)
        },
        "types of entries": { d in
            d.makeFile("file")
            d.mkdir("dir")
            d.symlink("file", "link")
            d.mknod("fifo", .fifo)
            d.mknod("socket", .socket)
            d.mknod("character", .characterDevice, device: (1, 3))
            d.mknod("block", .blockDevice, device: (7, 99))
            d.readEntries(d.open("."))
        },
        "thousand entries": { d in
            d.unrecorded { for number in 0..<1000 { d.makeFile(FileName("name \(number)")) } }
            d.countEntries(d.open("."), capacity: 32768)
            d.countEntries(d.open("."), capacity: 300)
            d.unrecorded {
                for number in 0..<1000 where number % 3 != 0 {
                    d.unlink(FileName("name \(number)"))
                }
            }
            d.countEntries(d.open("."), capacity: 4096)
        },
        "inode numbers of entries": { d in
            d.makeFile("file")
            d.mkdir("dir")
            d.symlink("file", "link")
            d.compareEntryInodes(d.open("."))
        },
        "seek to every entry": { d in
            d.unrecorded { for number in 0..<50 { d.makeFile(FileName("name \(number)")) } }
            d.seekToEveryEntry(d.open("."))
        },
        "entries made and removed while reading": { d in
            d.unrecorded { for number in 0..<500 { d.makeFile(FileName("stays \(number)")) } }
            let directory = d.open(".")
            d.readWhileChanging(directory)
        },
        "all entries removed while reading": { d in
            d.unrecorded { for number in 0..<700 { d.makeFile(FileName("name \(number)")) } }
            d.removeWhileReading(d.open("."))
            d.list()
        },
        "rewind shows what is new": { d in
            d.makeFile("a")
            let directory = d.open(".")
            d.readEntries(directory)
            d.makeFile("b")
            d.unlink("a")
            directory.seek(0)
            d.readEntries(directory)
        },
        "two readers": { d in
            d.unrecorded { for number in 0..<20 { d.makeFile(FileName("name \(number)")) } }
            let (one, two) = (d.open("."), d.open("."))
            d.countEntries(one, capacity: 100)
            d.countEntries(two, capacity: 32768)
            let twin = one.duplicate()
            d.readEntries(twin)
        },
        "buffer too small": { d in
            d.makeFile(.repeating("n", 200))
            let directory = d.open(".")
            d.readSome(directory, capacity: 30)
            d.makeFile("f")
            d.readSome(d.open("f"), capacity: 1000)
        },
        "read permission": { d in
            d.mkdir("listed", mode: 0o755)
            d.makeFile("listed/f")
            d.mkdir("searched", mode: 0o711)
            d.makeFile("searched/f", "text")
            d.mkdir("named", mode: 0o744)
            d.makeFile("named/f")
            d.by(.alice) {
                d.list("listed")
                d.list("searched")
                d.contents("searched/f")
                d.list("named")
                d.stat("named/f")
            }
        },
        "dot and dot dot": { d in
            d.mkdir("a")
            d.mkdir("a/b")
            d.compareInodes(".", "a/..")
            d.compareInodes("a", "a/b/..")
            d.compareInodes("a", "a/.")
            d.compareInodes("a/b", "a/b/../b/.")
            d.compareDotEntries("a/b")
        },
    ]
}
