/// copy_file_range(2), sendfile(2), splice(2), clones.
enum CopyCases {
    static let area = ConformanceArea(name: "copies", cases: cases)

    private static let cases: [String: ConformanceCase] = [
        "copy a range": { d in
            d.makeFile("a", "0123456789")
            d.makeFile("b", "ABCDEFGHIJ")
            let (from, to) = (d.open("a"), d.open("b", .readWrite))
            from.copyRange(4, at: 2, to: to, at: 5)
            d.contents("b")
            from.copyRange(100, at: 5, to: to, at: 0)
            d.contents("b")
            from.copyRange(4, at: 10, to: to, at: 0)
            from.copyRange(4, at: 100, to: to, at: 0)
            from.copyRange(0, at: 0, to: to, at: 0)
            from.copyRange(5, at: 0, to: to, at: 100)
            d.contents("b")
        },
        "copy moves the positions": { d in
            d.makeFile("a", "0123456789")
            let (from, to) = (d.open("a"), d.open("b", [.readWrite, .create]))
            from.copyRange(4, at: -1, to: to, at: -1)
            from.copyRange(4, at: -1, to: to, at: -1)
            from.seek(0, .current)
            to.seek(0, .current)
            d.contents("b")
        },
        "copy within one file": { d in
            d.makeFile("a", "0123456789")
            let file = d.open("a", .readWrite)
            file.copyRange(3, at: 0, to: file, at: 5)
            d.contents("a")
            file.copyRange(5, at: 0, to: file, at: 2)
            file.copyRange(5, at: 0, to: file, at: 5)
            d.contents("a")
        },
        "copy errors": { d in
            d.makeFile("a", "text")
            d.makeFile("b")
            d.mkdir("dir")
            let (from, to) = (d.open("a"), d.open("b", .readWrite))
            from.copyRange(4, at: 0, to: d.open("b"), at: 0)
            d.open("a", .writeOnly).copyRange(4, at: 0, to: to, at: 0)
            from.copyRange(4, at: 0, to: d.open("b", [.writeOnly, .append]), at: 0)
            from.copyRange(4, at: 0, to: d.open("dir"), at: 0)
            d.open("dir").copyRange(4, at: 0, to: to, at: 0)
            from.copyRange(4, at: 0, to: to, at: 0, flags: 1)
            d.mknod("fifo", .fifo)
            d.open("fifo", .readWrite).copyRange(4, at: -1, to: to, at: 0)
        },
        "copy a large file": { d in
            d.makeFile("a", (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 >> 9) })
            let (from, to) = (d.open("a"), d.open("b", [.readWrite, .create]))
            d.copyAll(from, to: to)
            d.contents("b")
        },
        "copy a hole": { d in
            let from = d.open("a", [.readWrite, .create])
            from.truncate(1 << 20)
            from.pwrite("end", at: 1 << 20)
            let to = d.open("b", [.readWrite, .create])
            d.copyAll(from, to: to)
            to.stat()
            d.contents("b")
        },
        "copy what is written but not yet on the disk": { d in
            let from = d.open("a", [.readWrite, .create])
            let mapping = from.map(4096)
            from.write([UInt8](repeating: 65, count: 4096))
            mapping.store("mapped", at: 10)
            let to = d.open("b", [.readWrite, .create])
            let seen = to.map(4096)
            from.copyRange(4096, at: 0, to: to, at: 0)
            seen.load(20, at: 0)
            d.contents("b")
        },
        "copy to another file system": { d in
            d.makeFile("a", "text")
            let from = d.open("a")
            let to = d.open("/dev/shm", [.readWrite, .temporary])
            d.copyAll(from, to: to)
            to.pread(10, at: 0)
        },
        "sendfile": { d in
            d.makeFile("a", "0123456789")
            let (from, to) = (d.open("a"), d.open("b", [.readWrite, .create]))
            from.sendfile(4, at: 2, to: to)
            from.sendfile(4, at: -1, to: to)
            from.sendfile(100, at: -1, to: to)
            from.sendfile(1, at: 100, to: to)
            d.contents("b")
        },
        "sendfile of a large file": { d in
            d.makeFile("a", (0..<2_000_000).map { UInt8(truncatingIfNeeded: $0 >> 7) })
            let (from, to) = (d.open("a"), d.open("b", [.readWrite, .create]))
            from.sendfile(2_000_000, at: 0, to: to)
            d.contents("b")
        },
        "splice": { d in
            d.makeFile("a", "0123456789")
            let (from, to) = (d.open("a"), d.open("b", [.readWrite, .create]))
            from.splice(4, at: 3, to: to, at: 10)
            from.splice(100, at: 8, to: to, at: 0)
            from.splice(10, at: 10, to: to, at: 0)
            from.splice(4, at: 0, to: d.open("b", [.writeOnly, .append]), at: 0)
            d.contents("b")
        },
        "splice of whole pages": { d in
            d.makeFile("a", [UInt8](repeating: 65, count: 20000))
            let (from, to) = (d.open("a", .readWrite), d.open("b", [.readWrite, .create]))
            from.splice(16384, at: 0, to: to, at: 4096)
            from.pwrite("changed", at: 0)
            d.contents("b")
        },
        "advice": { d in
            d.makeFile("a", [UInt8](repeating: 65, count: 100_000))
            let file = d.open("a", .readWrite)
            for advice: Int32 in 0...5 { file.advise(advice) }
            file.advise(77)
            file.readahead(50_000, at: 0)
            file.pread(4, at: 99_990)
            d.open("a", .writeOnly).readahead(10, at: 0)
            d.mkdir("dir")
            d.open("dir").readahead(10, at: 0)
            d.mknod("fifo", .fifo)
            d.open("fifo", .readWrite).advise(3)
        },
        "clone": { d in
            d.makeFile("a", "text")
            let from = d.open("a")
            let to = d.open("b", [.readWrite, .create])
            to.fileControl("FICLONE", 0x4004_9409, of: from)
            d.contents("b")
        },
    ]
}
