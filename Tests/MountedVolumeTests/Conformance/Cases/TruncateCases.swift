import CPosixCalls

/// truncate(2), ftruncate(2), fallocate(2), SEEK_DATA and SEEK_HOLE.
enum TruncateCases {
    static let area = ConformanceArea(
        name: "size and storage", cases: sizes.merging(storage) { one, _ in one })

    private static let sizes: [String: ConformanceCase] = [
        "truncate shorter and longer": { d in
            d.makeFile("a", "0123456789")
            d.truncate("a", 4)
            d.contents("a")
            d.truncate("a", 8)
            d.contents("a")
            d.truncate("a", 0)
            d.stat("a")
            d.truncate("a", 5000)
            d.stat("a")
        },
        "truncate errors": { d in
            d.mkdir("dir")
            d.makeFile("a", "text")
            d.truncate("dir", 0)
            d.truncate("missing", 0)
            d.truncate("a/b", 0)
            d.truncate("a", -1)
            d.mknod("fifo", .fifo)
            d.truncate("fifo", 0)
            d.open("a", .readWrite).truncate(-1)
            d.open("dir").truncate(0)
        },
        "truncate needs write permission": { d in
            d.makeFile("a", "text", mode: 0o644)
            d.makeFile("b", "text", mode: 0o666)
            d.by(.alice) {
                d.truncate("a", 0)
                d.truncate("b", 2)
            }
            d.contents("a")
            d.contents("b")
        },
        "truncate through a link": { d in
            d.makeFile("a", "text")
            d.symlink("a", "link")
            d.truncate("link", 2)
            d.contents("a")
            d.lstat("link")
        },
        "ftruncate and the position": { d in
            d.makeFile("a", "0123456789")
            let file = d.open("a", .readWrite)
            file.seek(8)
            file.truncate(3)
            file.seek(0, .current)
            file.write("X")
            file.contents()
        },
        "truncated bytes come back as zeros": { d in
            d.makeFile("a", [UInt8](repeating: 65, count: 10000))
            let file = d.open("a", .readWrite)
            file.truncate(100)
            file.truncate(10000)
            file.contents()
            file.truncate(4096)
            file.pwrite("end", at: 8189)
            file.contents()
        },
        "truncate of a mapped file": { d in
            d.makeFile("a", [UInt8](repeating: 65, count: 12288))
            let file = d.open("a", .readWrite)
            let mapping = file.map(12288)
            mapping.load(2, at: 9000)
            file.truncate(4100)
            mapping.load(8, at: 4096)
            mapping.load(2, at: 8192)
            file.truncate(12288)
            mapping.load(2, at: 9000)
        },
        "truncate by one is seen by another": { d in
            d.makeFile("a", "0123456789")
            let (one, two) = (d.open("a", .readWrite), d.open("a", .readWrite))
            two.pread(10, at: 0)
            one.truncate(4)
            two.stat()
            two.pread(10, at: 0)
            two.seek(0, .end)
            d.stat("a")
            d.truncate("a", 6)
            one.seek(0, .end)
            one.pread(10, at: 0)
        },
    ]

    private static let storage: [String: ConformanceCase] = [
        "allocate": { d in
            let file = d.open("a", [.readWrite, .create])
            file.allocate([], at: 0, 100_000)
            file.stat()
            file.pread(10, at: 99_990)
            file.sync()
            file.fact("blocks at least 195") { $0.raw.blocks >= 195 }
        },
        "allocate and keep the size": { d in
            d.makeFile("a", "text")
            let file = d.open("a", .readWrite)
            file.allocate(.keepSize, at: 0, 100_000)
            file.stat()
            file.sync()
            file.fact("blocks at least 195") { $0.raw.blocks >= 195 }
            file.contents()
        },
        "allocate errors": { d in
            d.makeFile("a", "text")
            let file = d.open("a", .readWrite)
            file.allocate([], at: 0, 0)
            file.allocate([], at: -1, 10)
            file.allocate([], at: 0, -1)
            file.allocate(.punchHole, at: 0, 10)
            file.allocate([.punchHole, .zeroRange, .keepSize], at: 0, 10)
            d.open("a").allocate([], at: 0, 10)
            d.mkdir("dir")
            d.open("dir").allocate([], at: 0, 10)
        },
        "punch a hole": { d in
            d.makeFile("a", [UInt8](repeating: 65, count: 16384))
            let file = d.open("a", .readWrite)
            file.pread(4, at: 4096)
            file.allocate([.punchHole, .keepSize], at: 4096, 4096)
            file.contents()
            file.allocate([.punchHole, .keepSize], at: 100, 50)
            file.contents()
            file.allocate([.punchHole, .keepSize], at: 12288, 100_000)
            file.stat()
            file.sync()
            file.fact("blocks") { $0.raw.blocks }
        },
        "hole in a mapped file": { d in
            d.makeFile("a", [UInt8](repeating: 65, count: 16384))
            let file = d.open("a", .readWrite)
            let mapping = file.map(16384)
            mapping.load(4, at: 4096)
            mapping.store("BBBB", at: 8192)
            file.allocate([.punchHole, .keepSize], at: 4096, 8192)
            mapping.load(4, at: 4096)
            mapping.load(4, at: 8192)
            mapping.store("CC", at: 8190)
            file.pread(8, at: 8188)
        },
        "zero a range": { d in
            d.makeFile("a", [UInt8](repeating: 65, count: 16384))
            let file = d.open("a", .readWrite)
            file.allocate(.zeroRange, at: 1000, 5000)
            file.contents()
            file.allocate(.zeroRange, at: 16000, 5000)
            file.stat()
            file.allocate([.zeroRange, .keepSize], at: 20000, 50000)
            file.stat()
            file.contents()
        },
        "collapse a range": { d in
            d.makeFile("a", [UInt8](repeating: 65, count: 16384))
            d.open("a", .readWrite).allocate(.collapseRange, at: 4096, 4096)
            d.stat("a")
        },
        "insert a range": { d in
            d.makeFile("a", [UInt8](repeating: 65, count: 16384))
            d.open("a", .readWrite).allocate(.insertRange, at: 4096, 4096)
            d.stat("a")
        },
        "data and holes": { d in
            let file = d.open("a", [.readWrite, .create])
            file.pwrite([UInt8](repeating: 1, count: 4096), at: 65536)
            file.truncate(200_000)
            file.sync()
            file.seek(0, .data)
            file.seek(0, .hole)
            file.seek(65536, .data)
            file.seek(65536, .hole)
            file.seek(70000, .data)
            file.seek(70000, .hole)
            file.seek(199_999, .hole)
            file.seek(200_000, .hole)
            file.seek(200_001, .data)
            file.seek(-1, .data)
            file.seek(0, .current)
        },
        "data and holes of unwritten bytes": { d in
            let file = d.open("a", [.readWrite, .create])
            file.pwrite([UInt8](repeating: 1, count: 4096), at: 65536)
            file.seek(0, .data)
            file.seek(65536, .hole)
            d.makeFile("empty")
            d.open("empty").seek(0, .data)
            d.open("empty").seek(0, .hole)
        },
        "holes after punching": { d in
            d.makeFile("a", [UInt8](repeating: 65, count: 65536))
            let file = d.open("a", .readWrite)
            file.sync()
            file.allocate([.punchHole, .keepSize], at: 8192, 8192)
            file.seek(0, .hole)
            file.seek(8192, .data)
            file.seek(16384, .hole)
        },
        "seek beyond the end": { d in
            d.makeFile("a", "text")
            let file = d.open("a", .readWrite)
            file.seek(100, .end)
            file.write("x")
            file.stat()
            file.seek(0, .end)
            file.seekUnknown(9)
        },
        "seek beyond ext4's largest file": { d in
            d.makeFile("a", "text")
            d.open("a").seek(1 << 45)
        },
        "blocks of a sparse file": { d in
            let file = d.open("a", [.readWrite, .create])
            file.truncate(1 << 30)
            file.fact("blocks") { $0.raw.blocks }
            file.pwrite([UInt8](repeating: 1, count: 4096), at: 1 << 20)
            file.sync()
            file.fact("blocks") { $0.raw.blocks }
            d.fact("blocks", of: "a") { $0.raw.blocks }
        },
    ]
}
