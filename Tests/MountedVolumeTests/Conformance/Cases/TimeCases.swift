import CPosixCalls

/// utimensat(2), and which call changes which time of which file.
enum TimeCases {
    static let area = ConformanceArea(
        name: "times", cases: setting.merging(changing) { one, _ in one })

    private static let setting: [String: ConformanceCase] = [
        "set": { d in
            d.makeFile("a")
            d.setTimes(
                "a", accessed: .at(seconds: 1_234_567_890, nanoseconds: 123_456_789),
                modified: .at(seconds: 5, nanoseconds: 1))
            d.times("a")
            d.setTimes("a", accessed: .omit, modified: .at(seconds: 77))
            d.times("a")
            d.setTimes("a", accessed: .at(seconds: 88), modified: .omit)
            d.times("a")
            d.setTimes("a", accessed: .now, modified: .omit)
            d.times("a")
            d.setTimes("a", accessed: .omit, modified: .omit)
            d.times("a")
            d.touch("a")
            d.times("a")
        },
        "far times": { d in
            d.makeFile("a")
            d.setTimes("a", accessed: .at(seconds: -1), modified: .at(seconds: -2_000_000_000))
            d.times("a")
            d.setTimes(
                "a", accessed: .at(seconds: 4_102_444_800), modified: .at(seconds: 10_000_000_000))
            d.times("a")
            d.setTimes(
                "a", accessed: .at(seconds: 15_032_385_535), modified: .at(seconds: 15_000_000_000))
            d.times("a")
        },
        "times beyond ext4's": { d in
            d.makeFile("a")
            d.setTimes(
                "a", accessed: .at(seconds: 20_000_000_000), modified: .at(seconds: -3_000_000_000))
            d.times("a")
        },
        "errors": { d in
            d.makeFile("a")
            d.setTimes("a", accessed: .at(seconds: 1, nanoseconds: 1_000_000_000), modified: .omit)
            d.setTimes("a", accessed: .at(seconds: 1, nanoseconds: -1), modified: .omit)
            d.touch("missing")
            d.touch("")
            d.symlink("missing", "dangling")
            d.touch("dangling")
        },
        "of links": { d in
            d.makeFile("a")
            d.symlink("a", "link")
            d.setTimes("link", accessed: .at(seconds: 10), modified: .at(seconds: 11))
            d.setTimes(
                "link", accessed: .at(seconds: 20), modified: .at(seconds: 21), noFollow: true)
            d.times("a")
            d.times("link")
        },
        "of directories and special files": { d in
            d.mkdir("dir")
            d.setTimes("dir", accessed: .at(seconds: 10), modified: .at(seconds: 11))
            d.times("dir")
            d.mknod("fifo", .fifo)
            d.setTimes("fifo", accessed: .at(seconds: 10), modified: .at(seconds: 11))
            d.times("fifo")
        },
        "through a descriptor": { d in
            d.makeFile("a", "text")
            let file = d.open("a", .readWrite)
            file.write("T")
            file.setTimes(accessed: .at(seconds: 10), modified: .at(seconds: 11))
            d.times("a")
            file.close()
            d.times("a")
        },
        "set times last over a write before": { d in
            d.makeFile("a")
            let file = d.open("a", .readWrite)
            let mapping = file.map(4096)
            file.write([UInt8](repeating: 65, count: 4096))
            mapping.store("mapped", at: 0)
            mapping.sync()
            d.setTimes("a", accessed: .at(seconds: 10), modified: .at(seconds: 11))
            mapping.unmap()
            file.close()
            d.times("a")
        },
        "who may set": { d in
            d.makeFile("own", mode: 0o600)
            d.chown("own", User.alice.user, User.alice.group)
            d.makeFile("writable", mode: 0o666)
            d.makeFile("readable", mode: 0o644)
            d.by(.alice) {
                for name: FileName in ["own", "writable", "readable"] {
                    d.setTimes(name, accessed: .at(seconds: 10), modified: .at(seconds: 11))
                    d.touch(name)
                    d.setTimes(name, accessed: .now, modified: .now)
                    d.setTimes(name, accessed: .now, modified: .omit)
                    d.setTimes(name, accessed: .omit, modified: .omit)
                }
            }
        },
        "birth time": { d in
            d.makeFile("a", "text")
            d.fact("birth time is told", of: "a") { $0.raw.mask & 0x800 != 0 }
            d.keepingBirthTime("a") {
                d.open("a", .readWrite).write("T")
                d.setTimes("a", accessed: .at(seconds: 10), modified: .at(seconds: 11))
            }
        },
    ]

    private static let changing: [String: ConformanceCase] = [
        "by opening and closing": { d in
            d.makeFile("a", "text")
            d.timesChanged(of: "a", ".") { d.open("a", .readWrite).close() }
        },
        "by reading": { d in
            d.makeFile("a", "text")
            d.timesChanged(of: "a", ".") { d.contents("a") }
            d.timesChanged(of: "a") {
                d.open("a", [.readOnly, .noAccessTime]).read(4)
            }
            d.timesChanged(of: "a") { d.open("a", [.readOnly, .direct]).preadAligned(4096, at: 0) }
            d.timesChanged(of: "a") { d.open("a").read(0) }
        },
        "by reading an empty file": { d in
            d.makeFile("empty")
            d.timesChanged(of: "empty") { d.contents("empty") }
        },
        "by reading what is cached": { d in
            d.makeFile("a", "text")
            d.contents("a")
            let file = d.open("a")
            d.timesChanged(of: "a") { file.read(4) }
        },
        "by reading again soon": { d in
            d.makeFile("a", "text")
            d.timesChanged(of: "a") {
                d.contents("a")
                d.contents("a")
            }
            d.contents("a")
        },
        "by reading a directory": { d in
            d.mkdir("dir")
            d.makeFile("dir/f")
            d.timesChanged(of: "dir", ".") { d.list("dir") }
            d.timesChanged(of: "dir") { d.stat("dir/f") }
        },
        "by reading a link": { d in
            d.makeFile("f", "text")
            d.symlink("f", "link")
            d.timesChanged(of: "link") { d.readlink("link") }
        },
        "by following a link": { d in
            d.makeFile("f", "text")
            d.symlink("f", "link")
            d.timesChanged(of: "link", "f") { d.contents("link") }
        },
        "by writing": { d in
            d.makeFile("a", "text")
            d.timesChanged(of: "a", ".") { d.open("a", .writeOnly).write("T") }
            d.timesChanged(of: "a") { d.open("a", .writeOnly).write("") }
            d.timesChanged(of: "a") {
                d.open("a", [.writeOnly, .direct]).pwriteAligned(65, count: 4096, at: 0)
            }
            d.timesChanged(of: "a") { d.open("a", [.writeOnly, .append]).write("more") }
        },
        "by truncating": { d in
            d.makeFile("a", "text")
            d.timesChanged(of: "a") { d.truncate("a", 2) }
            d.timesChanged(of: "a") { d.truncate("a", 2) }
            d.timesChanged(of: "a") { d.open("a", .readWrite).truncate(2) }
            d.timesChanged(of: "a") { d.open("a", [.writeOnly, .truncate]) }
            d.timesChanged(of: "a") { d.open("a", [.writeOnly, .truncate]) }
        },
        "by allocating": { d in
            d.makeFile("a", [UInt8](repeating: 65, count: 16384))
            let file = d.open("a", .readWrite)
            d.timesChanged(of: "a") { file.allocate([], at: 0, 32768) }
            d.timesChanged(of: "a") { file.allocate(.keepSize, at: 65536, 4096) }
            d.timesChanged(of: "a") { file.allocate([.punchHole, .keepSize], at: 4096, 4096) }
            d.timesChanged(of: "a") { file.allocate(.zeroRange, at: 4096, 4096) }
        },
        "of change by a mapping": { d in
            d.makeFile("a", [UInt8](repeating: 65, count: 8192))
            let file = d.open("a", .readWrite)
            d.modificationChanged(of: "a") {
                let mapping = file.map(8192)
                mapping.store("store", at: 0)
                mapping.sync()
                mapping.unmap()
                file.sync()
            }
        },
        "by a mapping": { d in
            d.makeFile("a", [UInt8](repeating: 65, count: 8192))
            let file = d.open("a", .readWrite)
            d.timesChanged(of: "a") {
                let mapping = file.map(8192)
                mapping.store("store", at: 0)
                mapping.sync()
                mapping.unmap()
                file.sync()
            }
        },
        "by reading a mapping": { d in
            d.makeFile("a", [UInt8](repeating: 65, count: 8192))
            let file = d.open("a", .readOnly)
            d.timesChanged(of: "a") { file.map(8192, protection: 1).load(4, at: 0) }
        },
        "by chmod and chown": { d in
            d.makeFile("a")
            d.timesChanged(of: "a", ".") { d.chmod("a", 0o600) }
            d.timesChanged(of: "a") { d.chmod("a", 0o600) }
            d.timesChanged(of: "a") { d.chown("a", 5, 5) }
            d.timesChanged(of: "a") { d.chown("a", nil, nil) }
            d.timesChanged(of: "a") { d.setTimes("a", accessed: .omit, modified: .omit) }
        },
        "by attributes": { d in
            d.makeFile("a")
            d.timesChanged(of: "a", ".") { d.setxattr("a", "user.x", "v") }
            d.timesChanged(of: "a") { d.getxattr("a", "user.x") }
            d.timesChanged(of: "a") { d.removexattr("a", "user.x") }
            d.timesChanged(of: "a") {
                d.setACL("a", [.owner(6), .user(51001, 4), .owningGroup(4), .mask(4), .other(4)])
            }
        },
        "by creating": { d in
            d.mkdir("dir")
            d.timesChanged(of: "dir", ".") { d.makeFile("dir/a") }
            d.timesChanged(of: "dir") { d.open("dir/a", [.readWrite, .create]) }
            d.timesChanged(of: "dir") { d.mkdir("dir/sub") }
            d.timesChanged(of: "dir") { d.symlink("x", "dir/link") }
            d.timesChanged(of: "dir") { d.mknod("dir/fifo", .fifo) }
            d.timesChanged(of: "dir") { d.mkdir("dir/sub") }
        },
        "by linking": { d in
            d.mkdir("dir")
            d.makeFile("a")
            d.timesChanged(of: "a", "dir", ".") { d.link("a", "dir/b") }
            d.timesChanged(of: "a", "dir") { d.unlink("dir/b") }
        },
        "by removing": { d in
            d.mkdir("dir")
            d.makeFile("dir/a")
            d.mkdir("dir/sub")
            d.timesChanged(of: "dir", ".") { d.unlink("dir/a") }
            d.timesChanged(of: "dir") { d.rmdir("dir/sub") }
            d.timesChanged(of: "dir") { d.unlink("dir/a") }
        },
        "by renaming": { d in
            d.mkdir("x")
            d.mkdir("y")
            d.makeFile("x/a")
            d.mkdir("x/sub")
            d.makeFile("y/old")
            d.link("y/old", "kept")
            d.timesChanged(of: "x", "y", ".") { d.rename("x/a", "y/a") }
            d.timesChanged(of: "y/a", "y") { d.rename("y/a", "y/a") }
            d.timesChanged(of: "kept", "y", "x") { d.rename("y/a", "y/old") }
            d.timesChanged(of: "x", "y") { d.rename("x/sub", "y/sub") }
            d.timesChanged(of: "y/sub", "y/old") { d.rename("y/sub", "y/old", .exchange) }
        },
        "of the renamed itself": { d in
            d.makeFile("a")
            d.timesChangedByMove(from: "a", to: "b") { d.rename("a", "b") }
        },
        "of the copy": { d in
            d.makeFile("a", "text")
            d.makeFile("b", "other")
            let (from, to) = (d.open("a"), d.open("b", .readWrite))
            d.timesChanged(of: "b") { from.copyRange(4, at: 0, to: to, at: 0) }
            d.timesChanged(of: "b") { from.sendfile(4, at: 0, to: to) }
            d.timesChanged(of: "b") { from.splice(4, at: 0, to: to, at: 0) }
        },
        "of what is copied by sendfile": { d in
            d.makeFile("a", "text")
            d.makeFile("b", "other")
            let (from, to) = (d.open("a"), d.open("b", .readWrite))
            d.timesChanged(of: "a") { from.sendfile(4, at: 0, to: to) }
        },
        "of what is copied": { d in
            d.makeFile("a", "text")
            d.makeFile("b", "other")
            let (from, to) = (d.open("a"), d.open("b", .readWrite))
            d.timesChanged(of: "a") { from.copyRange(4, at: 0, to: to, at: 0) }
        },
        "of what is spliced": { d in
            d.makeFile("a", "text")
            d.makeFile("b", "other")
            let (from, to) = (d.open("a"), d.open("b", .readWrite))
            d.timesChanged(of: "a") { from.splice(4, at: 0, to: to, at: 0) }
        },
    ]
}
