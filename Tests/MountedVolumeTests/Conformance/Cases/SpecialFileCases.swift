/// mknod(2): pipes, sockets, devices.
enum SpecialFileCases {
    static let area = ConformanceArea(name: "special files", cases: cases)

    private static let cases: [String: ConformanceCase] = [
        "make": { d in
            d.mknod("regular", .regular, mode: 0o640)
            d.mknod("fifo", .fifo, mode: 0o600)
            d.mknod("socket", .socket, mode: 0o755)
            d.mknod("character", .characterDevice, mode: 0o666, device: (1, 3))
            d.mknod("block", .blockDevice, mode: 0o660, device: (259, 65537))
            for name in ["regular", "fifo", "socket", "character", "block"] {
                d.stat(FileName(name))
            }
        },
        "make errors": { d in
            d.makeFile("a")
            d.mknod("a", .fifo)
            d.mknod("dir", .directory)
            d.mknod("link", .link)
            d.mknod("missing/x", .fifo)
            d.mknod("x/", .fifo)
            d.symlink("target", "dangling")
            d.mknod("dangling", .fifo)
        },
        "make with umask": { d in
            d.withUmask(0o027) {
                d.mknod("fifo", .fifo, mode: 0o777)
                d.mknod("regular", .regular, mode: 0o777)
            }
            d.stat("fifo")
            d.stat("regular")
        },
        "pipe": { d in
            d.mknod("fifo", .fifo)
            d.open("fifo", [.writeOnly, .nonblocking])
            let reader = d.open("fifo", [.readOnly, .nonblocking])
            reader.read(10)
            let writer = d.open("fifo", [.writeOnly, .nonblocking])
            reader.read(10)
            writer.write("through the pipe")
            reader.read(7)
            reader.read(100)
            writer.close()
            reader.read(10)
            reader.seek(0)
            reader.stat()
        },
        "pipe between processes": { d in
            d.mknod("fifo", .fifo)
            d.withCompanion { other in
                other.start { d in d.open("fifo", .writeOnly).write("hello") }
                let reader = d.open("fifo", .readOnly)
                other.wait()
                reader.read(10)
            }
        },
        "pipe that is renamed and removed": { d in
            d.mknod("fifo", .fifo)
            let both = d.open("fifo", .readWrite)
            d.rename("fifo", "other")
            let writer = d.open("other", [.writeOnly, .nonblocking])
            d.unlink("other")
            writer.write("x")
            both.read(4)
            both.stat()
        },
        "socket": { d in
            _ = d.bindSocket("socket")
            d.stat("socket")
            d.connectSocket("socket")
            _ = d.bindSocket("socket")
            d.open("socket")
            d.rename("socket", "moved")
            d.connectSocket("moved")
            d.connectSocket("socket")
            d.unlink("moved")
            d.connectSocket("moved")
        },
        "socket nobody listens at": { d in
            d.mknod("socket", .socket)
            d.connectSocket("socket")
            d.makeFile("file")
            d.connectSocket("file")
        },
        "socket needs write permission": { d in
            _ = d.bindSocket("socket")
            d.chmod("socket", 0o600)
            d.by(.alice) { d.connectSocket("socket") }
            d.chmod("socket", 0o622)
            d.by(.alice) { d.connectSocket("socket") }
        },
        "null device": { d in
            d.mknod("null", .characterDevice, mode: 0o666, device: (1, 3))
            let null = d.open("null", .readWrite)
            null.write("gone")
            null.read(10)
            null.stat()
            d.by(.alice) { d.open("null", .writeOnly).write("gone") }
        },
        "zero device": { d in
            d.mknod("zero", .characterDevice, mode: 0o666, device: (1, 5))
            d.open("zero").read(16)
            d.mknod("absent", .characterDevice, mode: 0o666, device: (250, 250))
            d.open("absent")
            d.mknod("absentBlock", .blockDevice, mode: 0o666, device: (250, 250))
            d.open("absentBlock")
        },
    ]
}
