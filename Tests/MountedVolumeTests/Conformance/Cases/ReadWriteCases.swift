/// read(2), write(2) and their relatives; O_DIRECT.
enum ReadWriteCases {
    static let area = ConformanceArea(
        name: "read and write", cases: plain.merging(vectors) { one, _ in one })

    private static let plain: [String: ConformanceCase] = [
        "read to the end": { d in
            d.makeFile("a", "0123456789")
            let file = d.open("a")
            file.read(4)
            file.read(4)
            file.read(4)
            file.read(4)
            file.read(0)
        },
        "read beyond the end": { d in
            d.makeFile("a", "0123456789")
            let file = d.open("a")
            file.pread(4, at: 8)
            file.pread(4, at: 10)
            file.pread(4, at: 5000)
            file.pread(4, at: 1 << 40)
            file.seek(100)
            file.read(4)
        },
        "negative and huge offsets": { d in
            d.makeFile("a", "text")
            let file = d.open("a", .readWrite)
            file.pread(4, at: -1)
            file.pwrite("x", at: -1)
            file.pread(4, at: .max - 10)
            file.seek(-1)
            file.seek(-5, .end)
            file.seek(-4, .end)
        },
        "seek to the largest offset": { d in
            d.makeFile("a", "text")
            d.open("a").seek(.max, .current)
        },
        "write beyond the end leaves zeros": { d in
            d.makeFile("a", "start")
            let file = d.open("a", .readWrite)
            file.pwrite("end", at: 100)
            file.stat()
            file.contents()
            file.pwrite("far", at: 70000)
            file.pread(10, at: 69995)
            file.pread(10, at: 40000)
        },
        "write of nothing": { d in
            d.makeFile("a", "start")
            let file = d.open("a", .readWrite)
            file.write("")
            file.pwrite("", at: 1000)
            file.stat()
        },
        "position moves with the call": { d in
            d.makeFile("a")
            let file = d.open("a", .readWrite)
            file.write("0123456789")
            file.seek(0, .current)
            file.seek(2)
            file.write("ab")
            file.read(3)
            file.pread(3, at: 0)
            file.pwrite("Z", at: 9)
            file.seek(0, .current)
        },
        "dup shares the position": { d in
            d.makeFile("a", "0123456789")
            let file = d.open("a", .readWrite)
            let twin = file.duplicate()
            file.read(3)
            twin.read(3)
            twin.seek(8)
            file.read(3)
            file.close()
            twin.pread(2, at: 0)
        },
        "write is seen by every reader at once": { d in
            d.makeFile("a", "old old old")
            let reader = d.open("a")
            let writer = d.open("a", .readWrite)
            reader.pread(20, at: 0)
            writer.pwrite("NEW", at: 4)
            reader.pread(20, at: 0)
            writer.truncate(5)
            reader.pread(20, at: 0)
            writer.truncate(8)
            reader.pread(20, at: 0)
        },
        "one megabyte": { d in
            d.makeFile("a", [])
            let file = d.open("a", .readWrite)
            let bytes = (0..<1 << 20).map { UInt8(truncatingIfNeeded: ($0 &* 31) >> 7) }
            file.write(bytes)
            file.pread(1 << 20, at: 0)
            file.pread(300_001, at: 12345)
            file.pwrite(bytes, at: 777_777)
            file.contents()
        },
        "far offsets": { d in
            let file = d.open("a", [.readWrite, .create])
            file.pwrite("past 4 GiB", at: (1 << 32) - 4)
            file.stat()
            file.pread(20, at: (1 << 32) - 8)
            file.pwrite("1 TiB", at: 1 << 40)
            file.pread(20, at: (1 << 40) - 3)
            file.seek(-5, .end)
            file.read(20)
        },
        "beyond the largest file": { d in
            let file = d.open("a", [.readWrite, .create])
            file.pwrite("x", at: 1 << 50)
            file.pwrite("x", at: .max - 1)
            file.truncate(1 << 50)
            d.truncate("a", .max)
            file.allocate([], at: 1 << 50, 4096)
            file.stat()
        },
        "up to the largest file of ext4": { d in
            // 4 KiB blocks: 2^32 - 1 of them.
            let last: Int64 = ((1 << 32) - 1) * 4096
            let file = d.open("a", [.readWrite, .create])
            file.truncate(last)
            file.truncate(last + 1)
            file.pwrite("ab", at: last - 2)
            file.pwrite("ab", at: last - 1)
            file.pwrite("ab", at: last)
            file.stat()
            file.truncate(0)
        },
        "synchronous writes": { d in
            d.open("a", [.writeOnly, .create, .sync]).write("sync")
            d.open("b", [.writeOnly, .create, .dataSync]).write("data sync")
            d.contents("a")
            d.contents("b")
        },
        "fsync and relatives": { d in
            d.makeFile("a", "x")
            let file = d.open("a", .readWrite)
            file.write("data")
            file.sync()
            file.dataSync()
            file.syncFileSystem()
            file.syncRange(0, 4)
            d.open("a").sync()
            let directory = d.open(".", [.directory])
            directory.sync()
            directory.dataSync()
            d.open("a", [.path]).sync()
        },
        "EFAULT": { d in
            d.makeFile("a", "text")
            let file = d.open("a", .readWrite)
            file.readIntoNowhere(4)
            file.writeFromNowhere(4)
            file.stat()
        },
    ]

    private static let vectors: [String: ConformanceCase] = [
        "vectors": { d in
            let file = d.open("a", [.readWrite, .create])
            file.pwritev(Array("0123456789abcdef".utf8), pieces: 4, at: 3)
            file.preadv(30, pieces: 5, at: 0)
            file.preadv(8, pieces: 3, at: 15)
            file.seek(2)
            file.preadv(6, pieces: 2, at: -1)
            file.seek(0, .current)
            file.pwritev(Array("ZZ".utf8), pieces: 2, at: -1)
            file.contents()
        },
        "vectors with flags": { d in
            d.makeFile("a", "text")
            let file = d.open("a", .readWrite)
            file.pwritev(Array("sync".utf8), pieces: 2, at: 0, flags: 0x4)
            file.pwritev(Array("dsync".utf8), pieces: 1, at: 0, flags: 0x2)
            file.pwritev(Array("append".utf8), pieces: 2, at: 0, flags: 0x10)
            file.preadv(4, pieces: 1, at: 0, flags: 0x1)
            file.preadv(4, pieces: 1, at: 0, flags: 0x4000_0000)
            file.contents()
        },
        "vector that does not wait": { d in
            d.makeFile("a", "text")
            let file = d.open("a", .readWrite)
            file.preadv(4, pieces: 1, at: 0, flags: 0x8)
        },
        "direct, aligned": { d in
            let file = d.open("a", [.readWrite, .create, .direct])
            file.pwriteAligned(65, count: 8192, at: 0)
            file.pwriteAligned(66, count: 4096, at: 4096)
            file.preadAligned(8192, at: 0)
            file.preadAligned(16384, at: 4096)
            file.preadAligned(4096, at: 8192)
            file.preadAligned(4096, at: 1 << 30)
            file.stat()
        },
        "direct, misaligned": { d in
            d.makeFile("a", [UInt8](repeating: 65, count: 16384))
            let file = d.open("a", [.readWrite, .direct])
            file.preadAligned(4096, at: 100)
            file.preadAligned(100, at: 0)
            file.preadAligned(4096, at: 512)
            file.preadAligned(512, at: 512)
            file.preadAligned(512, at: 0, skew: 512)
            file.pwriteAligned(66, count: 100, at: 0)
            file.pwriteAligned(66, count: 4096, at: 1)
            d.contents("a")
        },
        "direct, misaligned memory": { d in
            d.makeFile("a", [UInt8](repeating: 65, count: 16384))
            let file = d.open("a", [.readWrite, .direct])
            file.preadAligned(4096, at: 0, skew: 1)
            file.pwriteAligned(66, count: 4096, at: 0, skew: 2)
            d.contents("a")
        },
        "direct read of an odd end": { d in
            d.makeFile("a", [UInt8](repeating: 65, count: 5000))
            let file = d.open("a", [.readOnly, .direct])
            file.preadAligned(8192, at: 0)
            file.preadAligned(4096, at: 4096)
            file.preadAligned(4096, at: 8192)
        },
        "direct and cached see each other": { d in
            d.makeFile("a", [UInt8](repeating: 65, count: 16384))
            let cached = d.open("a", .readWrite)
            let direct = d.open("a", [.readWrite, .direct])
            cached.pread(4, at: 4096)
            direct.pwriteAligned(66, count: 4096, at: 4096)
            cached.pread(8, at: 4092)
            cached.pwrite("CCCC", at: 8192)
            direct.preadAligned(4096, at: 8192)
            let mapping = cached.map(16384)
            mapping.load(8, at: 8188)
            direct.pwriteAligned(68, count: 4096, at: 8192)
            mapping.load(8, at: 8188)
            mapping.store("EE", at: 12288)
            direct.preadAligned(4096, at: 12288)
        },
        "direct, large": { d in
            let file = d.open("a", [.readWrite, .create, .direct])
            file.pwriteAligned(67, count: 3 << 20, at: 4096)
            file.preadAligned(4 << 20, at: 0)
            file.stat()
        },
        "direct and append": { d in
            let file = d.open("a", [.readWrite, .create, .direct, .append])
            file.pwriteAligned(65, count: 4096, at: 0)
            file.pwriteAligned(66, count: 4096, at: 0)
            d.contents("a")
        },
        "direct through a cached writer's end": { d in
            let cached = d.open("a", [.readWrite, .create])
            cached.write([UInt8](repeating: 65, count: 6000))
            let direct = d.open("a", [.readWrite, .direct])
            direct.pwriteAligned(66, count: 4096, at: 4096)
            cached.stat()
            cached.contents()
        },
    ]
}
