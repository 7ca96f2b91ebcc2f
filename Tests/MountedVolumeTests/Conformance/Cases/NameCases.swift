/// Which names the file system accepts, and how long they may be.
enum NameCases {
    static let area = ConformanceArea(name: "names", cases: cases)

    private static let cases: [String: ConformanceCase] = [
        "255 bytes": { d in
            d.makeFile(.repeating("n", 255), "text")
            d.contents(.repeating("n", 255))
            d.mkdir(.repeating("d", 255))
            d.symlink("x", .repeating("l", 255))
            d.mknod(.repeating("f", 255), .fifo)
            d.link(.repeating("n", 255), .repeating("h", 255))
            d.rename(.repeating("n", 255), .repeating("r", 255))
            d.list()
        },
        "256 bytes": { d in
            let long = FileName.repeating("n", 256)
            d.makeFile("f")
            d.makeFile(long)
            d.open(long)
            d.stat(long)
            d.mkdir(long)
            d.rmdir(long)
            d.unlink(long)
            d.symlink("x", long)
            d.readlink(long)
            d.mknod(long, .fifo)
            d.link("f", long)
            d.link(long, "g")
            d.rename("f", long)
            d.rename(long, "g")
            d.chmod(long, 0o600)
            d.truncate(long, 0)
            d.touch(long)
            d.access(long, .exists)
            d.getxattr(long, "user.x")
            d.chdir(long)
        },
        "255 bytes of several byte characters": { d in
            d.makeFile(.repeating("ü", 127))
            d.makeFile(.repeating("ü", 128))
            d.makeFile(.repeating("😀", 63), "text")
            d.contents(.repeating("😀", 63))
            d.makeFile(.repeating("😀", 64))
            d.list()
        },
        "any bytes": { d in
            for byte in 1...255 where byte != 0x2F {
                d.unrecorded { d.makeFile(FileName(bytes: [UInt8(byte), 0x78]), "\(byte)") }
            }
            d.list()
            d.contents(FileName(bytes: [0xFF, 0x78]))
            d.contents(FileName(bytes: [0x0A, 0x78]))
            d.contents(FileName(bytes: [0x80, 0x78]))
        },
        "not UTF-8": { d in
            let name = FileName(bytes: [0xFF, 0xFE, 0xC3, 0x28])
            d.makeFile(name, "text")
            d.rename(name, FileName(bytes: [0xED, 0xA0, 0x80]))
            d.contents(FileName(bytes: [0xED, 0xA0, 0x80]))
            d.mkdir(name)
            d.makeFile(FileName(bytes: [0xFF, 0xFE, 0xC3, 0x28, 0x2F, 0xC0]), "deep")
            d.symlink(FileName(bytes: [0xC0, 0xAF]), "link")
            d.readlink("link")
            d.list()
            d.list(name)
            d.setxattr(
                "link", FileName(bytes: Array("trusted.".utf8) + [0xFF]), "v", noFollow: true)
            d.listxattr("link", noFollow: true)
        },
        "composed and decomposed are two names": { d in
            d.makeFile("\u{E9}", "composed")
            d.makeFile("e\u{301}", "decomposed")
            d.contents("\u{E9}")
            d.contents("e\u{301}")
            d.list()
        },
        "case matters": { d in
            d.makeFile("Name", "upper")
            d.open("name")
            d.makeFile("name", "lower")
            d.contents("Name")
            d.rename("name", "NAME")
            d.list()
        },
        "dots and blanks": { d in
            for name in ["...", ".hidden", " ", "a ", "a.", "-", "--x", "~", "*", "a\\b", "a:b"] {
                d.makeFile(FileName(name), name)
            }
            d.list()
            d.contents("...")
            d.contents("a ")
        },
        "newlines and quotes": { d in
            d.makeFile("a\nb", "newline")
            d.makeFile("\"'`$;|&", "quotes")
            d.makeFile("\t\u{1B}[0m", "escape")
            d.contents("a\nb")
            d.list()
        },
        "slashes": { d in
            d.mkdir("dir")
            d.makeFile("dir/f", "text")
            d.contents("dir//f")
            d.contents("./dir/./f")
            d.contents("dir///f")
            d.contents("dir/../dir/f")
            d.contents("dir/f/")
            d.contents("dir/f/.")
        },
        "longest path": { d in
            let deep = String(repeating: "./", count: 2046)
            d.makeFile("ab", "text")
            d.contents(FileName(deep + "ab"))
            d.contents(FileName(deep + "/ab"))
            d.contents(FileName(deep + "//ab"))
            d.stat(FileName(deep + "//ab"))
            d.mkdir(FileName(deep + "//xy"))
            d.rename("ab", FileName(deep + "//xy"))
            d.symlink("x", FileName(deep + "//xy"))
        },
        "path longer than any call takes": { d in
            d.unrecorded {
                for _ in 0..<20 {
                    d.mkdir(.repeating("d", 250))
                    d.chdir(.repeating("d", 250))
                }
            }
            d.makeFile("f", "deep down")
            d.contents("f")
            d.stat("..")
            d.rename("f", "../f")
            d.contents("../f")
        },
        "empty path": { d in
            d.stat("")
            d.lstat("")
            d.unlink("")
            d.readlink("")
            d.chmod("", 0o600)
            d.truncate("", 0)
            d.mknod("", .fifo)
            d.getxattr("", "user.x")
        },
    ]
}
