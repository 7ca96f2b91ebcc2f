/// O_TMPFILE, and files that have lost their names.
enum TemporaryFileCases {
    static let area = ConformanceArea(name: "nameless", cases: cases)

    private static let cases: [String: ConformanceCase] = [
        "O_TMPFILE": { d in
            let file = d.open(".", [.readWrite, .temporary], mode: 0o640)
            file.write("contents")
            file.stat()
            file.pread(20, at: 0)
            d.list()
        },
        "O_TMPFILE gets a name": { d in
            let file = d.open(".", [.readWrite, .temporary], mode: 0o640)
            file.write("contents")
            file.link(to: "named")
            file.stat()
            d.contents("named")
            d.stat("named")
            file.link(to: "named")
        },
        "O_TMPFILE gets a name through proc": { d in
            let file = d.open(".", [.readWrite, .temporary], mode: 0o600)
            file.write("contents")
            file.linkThroughProc(to: "named")
            d.contents("named")
            d.list()
        },
        "O_TMPFILE with O_EXCL gets no name": { d in
            let file = d.open(".", [.readWrite, .temporary, .exclusive], mode: 0o600)
            file.write("contents")
            file.linkThroughProc(to: "named")
            d.list()
        },
        "O_TMPFILE errors": { d in
            d.makeFile("a")
            d.open(".", [.readOnly, .temporary])
            d.open("a", [.readWrite, .temporary])
            d.open("missing", [.readWrite, .temporary])
            d.mkdir("closed", mode: 0o555)
            d.by(.alice) { d.open("closed", [.readWrite, .temporary]) }
        },
        "O_TMPFILE and umask": { d in
            d.chmod(".", 0o777)
            d.withUmask(0o077) {
                d.by(.alice) { d.open(".", [.readWrite, .temporary], mode: 0o666).stat() }
            }
        },
        "O_TMPFILE in a setgid directory": { d in
            d.mkdir("dir")
            d.chown("dir", 0, User.team)
            d.chmod("dir", 0o2777)
            d.by(.alice) { d.open("dir", [.writeOnly, .temporary]).stat() }
        },
        "unlinked while open": { d in
            d.makeFile("a", "contents")
            let file = d.open("a", .readWrite)
            d.unlink("a")
            file.stat()
            file.pread(20, at: 0)
            file.pwrite("C", at: 0)
            file.pread(20, at: 0)
            file.truncate(3)
            file.stat()
            file.chmod(0o600)
            file.setTimes(accessed: .at(seconds: 5), modified: .at(seconds: 6))
            file.sync()
            d.open("a")
            d.list()
        },
        "unlinked while open, more calls": { d in
            d.makeFile("a", "contents")
            let file = d.open("a", .readWrite)
            d.unlink("a")
            file.chown(51001, 51001)
            file.setxattr("user.note", "kept")
            file.getxattr("user.note")
            file.allocate(.keepSize, at: 0, 65536)
            file.allocate([.punchHole, .keepSize], at: 0, 4096)
            file.seek(0, .end)
            file.stat()
            file.contents()
        },
        "unlinked file opened once more": { d in
            d.makeFile("a", "contents")
            let file = d.open("a", .readWrite)
            d.unlink("a")
            let again = file.reopen(.readWrite)
            again.pread(20, at: 0)
            again.pwrite("new", at: 4)
            file.pread(20, at: 0)
            file.reopen([.readOnly, .truncate])
            file.stat()
        },
        "unlinked file does not get a name again": { d in
            d.makeFile("a", "contents")
            let file = d.open("a", .readWrite)
            d.unlink("a")
            file.link(to: "b")
            file.linkThroughProc(to: "b")
            d.list()
        },
        "unlinked, and a new file of that name": { d in
            d.makeFile("a", "old")
            let old = d.open("a", .readWrite)
            d.unlink("a")
            d.makeFile("a", "new file")
            old.pread(20, at: 0)
            d.contents("a")
            old.write("OLD")
            d.contents("a")
            old.stat()
        },
        "replaced by rename while open": { d in
            d.makeFile("a", "old")
            d.makeFile("b", "new contents")
            let old = d.open("a", .readWrite)
            d.rename("b", "a")
            old.pread(20, at: 0)
            old.stat()
            old.pwrite("OLD", at: 0)
            d.contents("a")
        },
        "one of two names unlinked": { d in
            d.makeFile("a", "contents")
            d.link("a", "b")
            let file = d.open("a", .readWrite)
            d.unlink("a")
            file.stat()
            file.pwrite("C", at: 0)
            d.contents("b")
        },
        "mapped and unlinked": { d in
            d.makeFile("a", [UInt8](repeating: 65, count: 8192))
            let file = d.open("a", .readWrite)
            let mapping = file.map(8192)
            d.unlink("a")
            file.close()
            mapping.load(4, at: 4096)
            mapping.store("zz", at: 4096)
            mapping.load(4, at: 4096)
            mapping.sync()
            mapping.unmap()
        },
        "removed working directory": { d in
            d.mkdir("dir")
            d.chdir("dir")
            d.rmdir("../dir")
            d.open("f", [.writeOnly, .create])
            d.mkdir("sub")
            d.list()
            d.stat(".")
            d.open("..")
            d.workingDirectory()
        },
        "removed directory that is open": { d in
            d.mkdir("dir")
            let directory = d.open("dir", [.directory])
            d.rmdir("dir")
            directory.stat()
            directory.openat("f", [.writeOnly, .create])
            directory.openat(".", [.readOnly])
            directory.chmod(0o700)
            d.readEntries(directory)
        },
        "hundred nameless files": { d in
            var files: [OpenFile] = []
            d.unrecorded {
                for number in 0..<100 {
                    d.makeFile("f", "file \(number)")
                    files.append(d.open("f", .readWrite))
                    d.unlink("f")
                }
            }
            for number in [0, 17, 50, 99] { files[number].pread(20, at: 0) }
            d.list()
        },
    ]
}
