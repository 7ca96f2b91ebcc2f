import CPosixCalls

/// ioctl(2), poll(2), statfs(2), inotify(7), file handles, programs that run.
enum OtherCases {
    static let area = ConformanceArea(
        name: "other calls", cases: calls.merging(programs) { one, _ in one })

    private static let calls: [String: ConformanceCase] = [
        "unknown ioctl": { d in
            d.makeFile("a")
            d.mkdir("dir")
            for name: FileName in ["a", "dir"] {
                let file = d.open(name)
                file.ioctl("unknown", 0x1234_5678)
                file.ioctl("TCGETS", 0x5401)
                file.ioctl("TIOCGWINSZ", 0x5413)
                file.ioctl("_IO('x', 1)", 0x7801)
                file.ioctl("_IOR('x', 2, 16)", 0x8010_7802)
                file.ioctl("_IOW('x', 3, 16)", 0x4010_7803)
            }
            d.open("a", [.path]).ioctl("TCGETS", 0x5401)
        },
        "FIONREAD and FIGETBSZ": { d in
            d.makeFile("a", "0123456789")
            let file = d.open("a")
            file.ioctl("FIONREAD", 0x541B, shown: 1)
            file.seek(7)
            file.ioctl("FIONREAD", 0x541B, shown: 1)
            file.ioctl("FIGETBSZ", 2, shown: 1)
            file.ioctl("FIONBIO", 0x5421, words: [1])
        },
        "inode flags": { d in
            d.makeFile("a", "text")
            let file = d.open("a", .readWrite)
            file.ioctl("FS_IOC_GETFLAGS", 0x8008_6601, shown: 1)
            file.ioctl("FS_IOC_SETFLAGS nodump", 0x4008_6602, words: [0x40 | 0x8_0000])
            file.ioctl("FS_IOC_GETFLAGS", 0x8008_6601, shown: 1)
            d.mkdir("dir")
            d.open("dir").ioctl("FS_IOC_GETFLAGS", 0x8008_6601, shown: 1)
            file.ioctl("FS_IOC_FSGETXATTR", 0x801C_581F, shown: 1)
        },
        "inode flags by others": { d in
            d.makeFile("a", "text", mode: 0o666)
            d.by(.alice) {
                let file = d.open("a", .readWrite)
                file.ioctl("FS_IOC_SETFLAGS nodump", 0x4008_6602, words: [0x40 | 0x8_0000])
                file.ioctl("FS_IOC_SETFLAGS immutable", 0x4008_6602, words: [0x10 | 0x8_0000])
            }
        },
        "immutable file": { d in
            d.makeFile("a", "text")
            d.withInodeFlag(0x10, on: "a") {
                d.open("a", .readWrite)
                d.open("a", [.writeOnly, .append])
                d.open("a").read(4)
                d.truncate("a", 0)
                d.chmod("a", 0o600)
                d.chown("a", 1, 1)
                d.unlink("a")
                d.rename("a", "b")
                d.link("a", "b")
                d.setxattr("a", "user.x", "v")
                d.setTimes("a", accessed: .at(seconds: 1), modified: .at(seconds: 1))
            }
            d.contents("a")
            d.unlink("a")
        },
        "append-only file": { d in
            d.makeFile("a", "text")
            d.withInodeFlag(0x20, on: "a") {
                d.open("a", .readWrite)
                d.open("a", .writeOnly).pwrite("X", at: 0)
                d.open("a", [.writeOnly, .append]).write(" more")
                d.open("a", [.writeOnly, .append, .truncate])
                d.truncate("a", 0)
                d.unlink("a")
                d.rename("a", "b")
                d.contents("a")
            }
        },
        "immutable directory": { d in
            d.mkdir("dir")
            d.makeFile("dir/f", "text")
            d.withInodeFlag(0x10, on: "dir") {
                d.makeFile("dir/g")
                d.unlink("dir/f")
                d.open("dir/f", .readWrite).write("T")
                d.rename("dir/f", "f")
                d.rmdir("dir")
            }
        },
        "poll": { d in
            d.makeFile("a", "text")
            d.open("a", .readWrite).poll(0x1 | 0x4)
            d.open("a", .readOnly).poll(0x4)
            d.open("a", .writeOnly).poll(0x1)
            d.mkdir("dir")
            d.open("dir").poll(0x1 | 0x4)
        },
        "file system facts": { d in
            d.makeFile("a")
            d.volumeFacts("a")
            d.volumeFacts("missing")
        },
        "extended mapping of extents": { d in
            d.makeFile("a", [UInt8](repeating: 65, count: 4096))
            d.open("a").ioctl("FS_IOC_FIEMAP", 0xC020_660B, words: [0, 0, .max, .max, 1, 0, 0, 0])
        },
        "birth time and attributes by statx": { d in
            d.makeFile("a")
            d.fact("mask", of: "a") { $0.raw.mask & 0xFFF }
            d.fact("block size", of: "a") { $0.raw.block_size }
            d.fact("block size", of: ".") { $0.raw.block_size }
        },
        "file handles": { d in
            d.makeFile("a", "text")
            d.mkdir("dir")
            d.openByHandle("a")
            d.openByHandle("dir")
            d.openByHandle("missing")
        },
        "watches": { d in
            d.mkdir("dir")
            d.watch("dir") {
                d.makeFile("dir/a", "text")
                d.contents("dir/a")
                d.chmod("dir/a", 0o600)
                d.rename("dir/a", "dir/b")
                d.link("dir/b", "dir/c")
                d.truncate("dir/b", 1)
                d.unlink("dir/b")
                d.mkdir("dir/sub")
                d.rmdir("dir/sub")
            }
        },
        "watch on a file": { d in
            d.makeFile("a", "text")
            d.watch("a") {
                d.open("a", .readWrite).write("T")
                d.setxattr("a", "user.x", "v")
                d.rename("a", "b")
                d.unlink("b")
            }
        },
    ]

    private static let programs: [String: ConformanceCase] = [
        "text file busy": { d in
            d.copyProgram("/bin/sleep", to: "program")
            let writer = d.open("program", .readWrite)
            d.run("program", argument: "0")
            writer.close()
            d.run("program", argument: "0")
            d.whileRunning("program", argument: "100") {
                d.open("program", .writeOnly)
                d.open("program", .readWrite)
                d.truncate("program", 0)
                d.open("program", [.readOnly, .truncate])
                d.unlink("program")
            }
        },
        "program replaced while it runs": { d in
            d.copyProgram("/bin/sleep", to: "program")
            d.whileRunning("program", argument: "100") {
                d.makeFile("new", "#!/bin/true\n", mode: 0o755)
                d.rename("new", "program")
                d.run("program")
            }
        },
        "scripts": { d in
            d.makeFile("script", "#!/bin/sh\nexit 7\n", mode: 0o755)
            d.run("script")
            d.makeFile("plain", "exit 7\n", mode: 0o755)
            d.run("plain")
            d.makeFile("empty", mode: 0o755)
            d.run("empty")
            d.mkdir("dir")
            d.run("dir")
            d.run("missing")
            d.makeFile("badInterpreter", "#!/no/such/program\n", mode: 0o755)
            d.run("badInterpreter")
        },
        "program behind a link": { d in
            d.copyProgram("/bin/true", to: "program")
            d.symlink("program", "link")
            d.run("link")
            d.link("program", "hard")
            d.run("hard")
        },
    ]
}
