/// Extended attributes.
enum AttributeCases {
    static let area = ConformanceArea(name: "extended attributes", cases: cases)

    private static let cases: [String: ConformanceCase] = [
        "set, get, list, remove": { d in
            d.makeFile("a")
            d.listxattr("a")
            d.setxattr("a", "user.one", "1")
            d.setxattr("a", "user.two", "22")
            d.getxattr("a", "user.one")
            d.listxattr("a")
            d.setxattr("a", "user.one", "other")
            d.getxattr("a", "user.one")
            d.removexattr("a", "user.one")
            d.removexattr("a", "user.one")
            d.getxattr("a", "user.one")
            d.listxattr("a")
        },
        "create and replace": { d in
            d.makeFile("a")
            d.setxattr("a", "user.x", "v", .replace)
            d.setxattr("a", "user.x", "v", .create)
            d.setxattr("a", "user.x", "w", .create)
            d.setxattr("a", "user.x", "longer value", .replace)
            d.getxattr("a", "user.x")
        },
        "sizes": { d in
            d.makeFile("a")
            d.setxattr("a", "user.x", "")
            d.getxattr("a", "user.x")
            d.getxattr("a", "user.x", capacity: 0)
            d.setxattr("a", "user.x", "12345")
            d.getxattr("a", "user.x", capacity: 0)
            d.getxattr("a", "user.x", capacity: 4)
            d.getxattr("a", "user.x", capacity: 5)
            d.listxattr("a", capacity: 0)
            d.listxattr("a", capacity: 3)
            d.listxattr("a", capacity: 7)
        },
        "large values": { d in
            d.makeFile("a")
            d.setxattr("a", "user.x", [UInt8](repeating: 120, count: 3000))
            d.getxattr("a", "user.x")
            d.setxattr("a", "user.y", [UInt8](repeating: 121, count: 3900))
            d.setxattr("a", "user.z", [UInt8](repeating: 122, count: 65536))
            d.setxattr("a", "user.z", [UInt8](repeating: 122, count: 65537))
            d.listxattr("a")
        },
        "names": { d in
            d.makeFile("a")
            d.setxattr("a", .init("user." + String(repeating: "n", count: 250)), "v")
            d.setxattr("a", .init("user." + String(repeating: "n", count: 251)), "v")
            d.setxattr("a", "user.", "v")
            d.setxattr("a", "", "v")
            d.setxattr("a", "none", "v")
            d.setxattr("a", "other.x", "v")
            d.getxattr("a", "other.x")
            d.getxattr("a", "user.")
            d.removexattr("a", "other.x")
            d.setxattr("a", "user.ünïcode", "v")
            d.getxattr("a", "user.ünïcode")
        },
        "many": { d in
            d.makeFile("a")
            d.unrecorded {
                for number in 0..<50 { d.setxattr("a", FileName("user.n\(number)"), "v\(number)") }
            }
            d.listxattr("a")
            d.getxattr("a", "user.n49")
        },
        "binary values": { d in
            d.makeFile("a")
            d.setxattr("a", "user.bytes", (0...255).map { UInt8($0) })
            d.getxattr("a", "user.bytes")
            d.setxattr("a", "user.zeros", [0, 0, 0])
            d.getxattr("a", "user.zeros")
        },
        "trusted": { d in
            d.makeFile("a", mode: 0o666)
            d.setxattr("a", "trusted.x", "root's")
            d.getxattr("a", "trusted.x")
            d.listxattr("a")
            d.by(.alice) {
                d.getxattr("a", "trusted.x")
                d.setxattr("a", "trusted.y", "v")
                d.removexattr("a", "trusted.x")
                d.listxattr("a")
            }
        },
        "security": { d in
            d.makeFile("a", mode: 0o666)
            d.setxattr("a", "security.note", "root's")
            d.getxattr("a", "security.note")
            d.by(.alice) {
                d.getxattr("a", "security.note")
                d.setxattr("a", "security.other", "v")
            }
            d.setxattr("a", "security.capability", "broken")
            d.listxattr("a")
        },
        "permission": { d in
            d.makeFile("a", mode: 0o600)
            d.setxattr("a", "user.x", "v")
            d.by(.alice) {
                d.getxattr("a", "user.x")
                d.setxattr("a", "user.x", "w")
                d.listxattr("a")
                d.removexattr("a", "user.x")
            }
            d.chmod("a", 0o644)
            d.by(.alice) {
                d.getxattr("a", "user.x")
                d.setxattr("a", "user.x", "w")
            }
            d.chmod("a", 0o666)
            d.by(.alice) { d.setxattr("a", "user.x", "w") }
            d.getxattr("a", "user.x")
        },
        "of directories": { d in
            d.mkdir("dir")
            d.setxattr("dir", "user.x", "v")
            d.getxattr("dir", "user.x")
            d.chmod("dir", 0o1777)
            d.by(.alice) {
                d.getxattr("dir", "user.x")
                d.setxattr("dir", "user.y", "v")
            }
        },
        "of links and special files": { d in
            d.symlink("missing", "link")
            d.setxattr("link", "user.x", "v", noFollow: true)
            d.setxattr("link", "trusted.x", "v", noFollow: true)
            d.getxattr("link", "trusted.x", noFollow: true)
            d.listxattr("link", noFollow: true)
            d.listxattr("link")
            d.removexattr("link", "trusted.x", noFollow: true)
            d.mknod("fifo", .fifo)
            d.setxattr("fifo", "user.x", "v")
            d.setxattr("fifo", "trusted.x", "v")
            d.getxattr("fifo", "user.x")
        },
        "through a descriptor": { d in
            d.makeFile("a")
            let file = d.open("a")
            file.setxattr("user.x", "v")
            file.getxattr("user.x")
            d.getxattr("a", "user.x")
            d.open("a", [.path]).getxattr("user.x")
        },
        "move with the file": { d in
            d.makeFile("a")
            d.setxattr("a", "user.x", "v")
            d.rename("a", "b")
            d.getxattr("b", "user.x")
            d.link("b", "c")
            d.getxattr("c", "user.x")
            d.makeFile("d")
            d.rename("d", "b")
            d.getxattr("b", "user.x")
        },
    ]
}
