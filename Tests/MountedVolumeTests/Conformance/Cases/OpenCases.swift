/// open(2), creat(2), openat(2).
enum OpenCases {
    static let area = ConformanceArea(name: "open", cases: cases)

    private static let cases: [String: ConformanceCase] = [
        "missing file": { d in
            d.open("a")
            d.open("a", .readWrite)
            d.open("a/b")
            d.open("")
        },
        "create, then create again": { d in
            d.open("a", [.readWrite, .create], mode: 0o640).write("one")
            d.open("a", [.readWrite, .create], mode: 0o600)
            d.stat("a")
        },
        "exclusive create": { d in
            d.open("a", [.writeOnly, .create, .exclusive]).write("x")
            d.open("a", [.writeOnly, .create, .exclusive])
            d.mkdir("dir")
            d.open("dir", [.writeOnly, .create, .exclusive])
            d.symlink("nowhere", "dangling")
            d.open("dangling", [.writeOnly, .create, .exclusive])
            d.symlink("a", "link")
            d.open("link", [.writeOnly, .create, .exclusive])
        },
        "exclusive without create": { d in
            d.makeFile("a", "text")
            d.open("a", [.readOnly, .exclusive]).read(10)
        },
        "create through a dangling link": { d in
            d.symlink("target", "link")
            d.open("link", [.writeOnly, .create]).write("through")
            d.lstat("link")
            d.contents("target")
        },
        "truncate": { d in
            d.makeFile("a", "some text")
            d.open("a", [.writeOnly, .truncate]).stat()
            d.makeFile("b", "other text")
            let reader = d.open("b")
            d.open("b", [.readWrite, .create, .truncate]).write("new")
            reader.read(20)
            d.contents("b")
        },
        "truncate with read access only": { d in
            d.makeFile("a", "some text")
            d.open("a", [.readOnly, .truncate]).stat()
        },
        "append": { d in
            d.makeFile("a", "start ")
            let file = d.open("a", [.writeOnly, .append])
            file.write("one ")
            file.seek(0)
            file.write("two ")
            file.seek(0, .current)
            d.contents("a")
        },
        "append and pwrite": { d in
            d.makeFile("a", "start ")
            let file = d.open("a", [.readWrite, .append])
            file.pwrite("end", at: 0)
            file.pread(20, at: 0)
            file.stat()
        },
        "two appenders": { d in
            d.makeFile("a")
            let (one, two) = (
                d.open("a", [.writeOnly, .append]), d.open("a", [.writeOnly, .append])
            )
            for _ in 0..<3 {
                one.write("1")
                two.write("22")
            }
            d.contents("a")
        },
        "append set and cleared by fcntl": { d in
            d.makeFile("a", "start")
            let file = d.open("a", .readWrite)
            file.fcntl("F_SETFL append", 4, Int64(OpenFlags.append.rawValue))
            file.write("!")
            file.fcntl("F_SETFL none", 4, 0)
            file.pwrite("S", at: 0)
            d.contents("a")
        },
        "no follow": { d in
            d.makeFile("a", "text")
            d.symlink("a", "link")
            d.symlink("missing", "dangling")
            d.open("link", [.readOnly, .noFollow])
            d.open("dangling", [.readOnly, .noFollow])
            d.open("a", [.readOnly, .noFollow]).read(4)
            d.open("link", [.writeOnly, .create, .noFollow])
            d.mkdir("dir")
            d.makeFile("dir/f", "in")
            d.symlink("dir", "dirlink")
            d.open("dirlink/f", [.readOnly, .noFollow]).read(2)
            d.open("dirlink", [.readOnly, .noFollow, .directory])
        },
        "directory flag": { d in
            d.makeFile("a")
            d.mkdir("dir")
            d.symlink("dir", "link")
            d.symlink("a", "filelink")
            d.open("a", [.readOnly, .directory])
            d.open("dir", [.readOnly, .directory]).stat()
            d.open("link", [.readOnly, .directory])
            d.open("filelink", [.readOnly, .directory])
            d.open("missing", [.readOnly, .directory])
        },
        "directory flag with create": { d in
            d.open("a", [.readWrite, .create, .directory])
            d.mkdir("dir")
            d.open("dir", [.readOnly, .create, .directory])
            d.open("dir", [.readOnly, .create])
            d.list()
        },
        "directory for writing": { d in
            d.mkdir("dir")
            d.open("dir", .writeOnly)
            d.open("dir", .readWrite)
            d.open("dir", [.readOnly, .truncate])
            d.open("dir", [.writeOnly, .create])
            d.open("dir").read(10)
            d.open("dir").write("x")
            d.open("dir").pread(10, at: 0)
        },
        "trailing slash": { d in
            d.makeFile("a")
            d.mkdir("dir")
            d.open("a/")
            d.open("dir/")
            d.open("new/", [.writeOnly, .create])
            d.open("a/", [.writeOnly, .create])
            d.symlink("dir", "link")
            d.lstat("link/")
            d.symlink("a", "filelink")
            d.lstat("filelink/")
        },
        "path handle": { d in
            d.makeFile("a", "text", mode: 0o600)
            let handle = d.open("a", [.path])
            handle.stat()
            handle.read(4)
            handle.write("x")
            handle.chmod(0o644)
            handle.reopen(.readOnly).read(4)
            d.symlink("a", "link")
            let link = d.open("link", [.path, .noFollow])
            link.stat()
            d.open("missing", [.path])
            handle.linkThroughProc(to: "b")
            d.compareInodes("a", "b")
        },
        "path handle of a directory": { d in
            d.mkdir("dir")
            let handle = d.open("dir", [.path, .directory])
            handle.openat("f", [.writeOnly, .create]).write("new")
            handle.chdir()
            d.contents("f")
            d.workingDirectory()
        },
        "access modes": { d in
            d.makeFile("a", "text")
            let reader = d.open("a", .readOnly)
            reader.write("x")
            reader.truncate(0)
            let writer = d.open("a", .writeOnly)
            writer.read(1)
            writer.write("T")
            let third = d.open("a", OpenFlags(rawValue: 3))
            third.read(1)
            third.write("x")
        },
        "flags told by fcntl": { d in
            d.makeFile("a")
            let shown = Int64(
                OpenFlags([.readWrite, .append, .direct, .sync, .noAccessTime, .nonblocking])
                    .rawValue)
            d.open("a", [.readWrite, .append]).fcntl("F_GETFL", 3, 0, shown: shown)
            d.open("a", [.writeOnly, .sync]).fcntl("F_GETFL", 3, 0, shown: shown)
            d.open("a", [.writeOnly, .dataSync]).fcntl("F_GETFL", 3, 0, shown: shown)
            d.open("a", [.readOnly, .noAccessTime, .nonblocking])
                .fcntl("F_GETFL", 3, 0, shown: shown)
            d.open("a", [.readOnly, .direct]).fcntl("F_GETFL", 3, 0, shown: shown)
        },
        "direct set by fcntl": { d in
            d.makeFile("a", [UInt8](repeating: 7, count: 8192))
            let file = d.open("a", .readWrite)
            file.fcntl("F_SETFL direct", 4, Int64(OpenFlags.direct.rawValue))
            file.preadAligned(4096, at: 4096)
            file.fcntl("F_SETFL none", 4, 0)
            file.preadAligned(100, at: 1, skew: 3)
        },
        "no access time needs the owner": { d in
            d.makeFile("a", "text", mode: 0o644)
            d.chown("a", User.alice.user, User.alice.group)
            d.by(.alice) { d.open("a", [.readOnly, .noAccessTime]).read(4) }
            d.by(.bob) { d.open("a", [.readOnly, .noAccessTime]) }
        },
        "create mode and umask": { d in
            d.withUmask(0o027) {
                d.open("a", [.writeOnly, .create], mode: 0o777)
                d.stat("a")
            }
            d.withUmask(0) {
                d.open("b", [.writeOnly, .create], mode: 0o7777)
                d.stat("b")
            }
            d.withUmask(0o777) {
                let file = d.open("c", [.readWrite, .create], mode: 0o666)
                file.write("still writable")
                file.pread(20, at: 0)
                d.stat("c")
            }
        },
        "create without write permission keeps its descriptor": { d in
            d.chmod(".", 0o777)
            d.by(.alice) {
                let file = d.open("a", [.readWrite, .create, .exclusive], mode: 0o000)
                file.write("mine")
                file.pread(10, at: 0)
                d.open("a", .readOnly)
                d.open("a", [.writeOnly, .create])
                d.stat("a")
            }
        },
        "many descriptors of one file": { d in
            d.makeFile("a", "0123456789")
            let files = (0..<40).map { _ in d.open("a", .readWrite) }
            for (index, file) in files.enumerated() where index % 8 == 0 {
                file.seek(Int64(index % 10))
                file.read(1)
            }
            files[3].pwrite("X", at: 5)
            files[39].pread(10, at: 0)
        },
        "openat2 resolve rules": { d in
            d.mkdir("dir")
            d.makeFile("dir/f", "in")
            d.symlink("dir", "link")
            d.symlink("/etc/passwd", "outside")
            d.openat2("dir/f", resolve: 0x08)
            d.openat2("../x", resolve: 0x08)
            d.openat2("link/f", resolve: 0x04)
            d.openat2("outside", resolve: 0x08)
            d.openat2("dir/../dir/f", resolve: 0x08)
            d.openat2("/dir/f", resolve: 0x10)
            d.openat2("dir/f", resolve: 0x01)
        },
    ]
}
