/// mmap(2), msync(2), and how mappings, reads and writes see each other's changes.
enum MappingCases {
    static let area = ConformanceArea(name: "mappings", cases: cases)

    private static let cases: [String: ConformanceCase] = [
        "shared, read": { d in
            d.makeFile("a", "some text")
            let mapping = d.open("a").map(4096, protection: 1)
            mapping.load(12, at: 0)
            mapping.load(4, at: 4092)
            mapping.unmap()
        },
        "shared, write": { d in
            d.makeFile("a", [UInt8](repeating: 65, count: 10000))
            let file = d.open("a", .readWrite)
            let mapping = file.map(10000)
            mapping.store("first", at: 0)
            mapping.store("across", at: 4093)
            file.pread(8, at: 4092)
            mapping.sync()
            d.contents("a")
            mapping.unmap()
            d.contents("a")
        },
        "private": { d in
            d.makeFile("a", [UInt8](repeating: 65, count: 8192))
            let file = d.open("a")
            let mapping = file.map(8192, flags: 2)
            mapping.store("private", at: 0)
            mapping.load(8, at: 0)
            d.contents("a")
            d.open("a", .readWrite).pwrite("BBBB", at: 4096)
            mapping.load(4, at: 4096)
        },
        "write is seen in the mapping": { d in
            d.makeFile("a", [UInt8](repeating: 65, count: 8192))
            let (reader, writer) = (d.open("a"), d.open("a", .readWrite))
            let mapping = reader.map(8192, protection: 1)
            mapping.load(4, at: 100)
            writer.pwrite("BBBB", at: 100)
            mapping.load(4, at: 100)
            writer.pwriteAligned(67, count: 4096, at: 4096)
            mapping.load(4, at: 4096)
        },
        "mapping is seen by every reader": { d in
            d.makeFile("a", [UInt8](repeating: 65, count: 8192))
            let (one, two) = (d.open("a", .readWrite), d.open("a", .readWrite))
            two.pread(4, at: 50)
            let mapping = one.map(8192)
            let other = two.map(8192)
            mapping.store("BBBB", at: 50)
            two.pread(4, at: 50)
            other.load(4, at: 50)
            other.store("CC", at: 52)
            one.pread(4, at: 50)
            d.withCompanion { companion in
                companion.perform { d in
                    d.open("a").pread(4, at: 50)
                    d.open("a").map(4096, protection: 1).load(4, at: 50)
                }
            }
        },
        "bytes behind the end are zeros and stay outside": { d in
            d.makeFile("a", "short")
            let file = d.open("a", .readWrite)
            let mapping = file.map(4096)
            mapping.store("beyond", at: 100)
            mapping.sync()
            mapping.unmap()
            file.stat()
            d.contents("a")
            file.truncate(200)
            d.contents("a")
        },
        "page behind the end": { d in
            d.makeFile("a", "short")
            let file = d.open("a", .readWrite)
            let mapping = file.map(16384)
            mapping.load(4, at: 4096)
            mapping.store("x", at: 8192)
            file.truncate(16384)
            mapping.store("x", at: 8192)
            mapping.load(4, at: 8192)
            file.stat()
        },
        "file grows under the mapping": { d in
            d.makeFile("a", "one")
            let file = d.open("a", .readWrite)
            let mapping = file.map(8192)
            mapping.load(8, at: 0)
            file.pwrite("more text", at: 3)
            mapping.load(12, at: 0)
            file.pwrite("second page", at: 5000)
            mapping.load(11, at: 5000)
        },
        "offset": { d in
            d.makeFile("a", [UInt8](repeating: 65, count: 4096) + Array("second".utf8))
            let file = d.open("a", .readWrite)
            let mapping = file.map(4096, offset: 4096)
            mapping.load(6, at: 0)
            mapping.store("S", at: 0)
            mapping.sync()
            file.pread(6, at: 4096)
            _ = file.map(4096, offset: 100)
        },
        "errors": { d in
            d.makeFile("a", "text")
            _ = d.open("a", .readOnly).map(4096, protection: 3, flags: 1)
            _ = d.open("a", .readOnly).map(4096, protection: 3, flags: 2)
            _ = d.open("a", .writeOnly).map(4096, protection: 1, flags: 1)
            _ = d.open("a", .writeOnly).map(4096, protection: 2, flags: 2)
            _ = d.open("a", [.path]).map(4096, protection: 1)
            _ = d.open("a", .readWrite).map(0)
            _ = d.open("a", [.readWrite, .append]).map(4096)
            d.mkdir("dir")
            _ = d.open("dir").map(4096, protection: 1)
            d.makeFile("empty")
            let mapping = d.open("empty", .readWrite).map(4096)
            mapping.load(1, at: 0)
        },
        "protection": { d in
            d.makeFile("a", [UInt8](repeating: 65, count: 4096))
            let mapping = d.open("a", .readWrite).map(4096, protection: 1)
            mapping.store("x", at: 0)
            mapping.protect(3)
            mapping.store("x", at: 0)
            mapping.protect(0)
            mapping.load(1, at: 0)
            let reading = d.open("a", .readOnly).map(4096, protection: 1)
            reading.protect(3)
        },
        "msync kinds": { d in
            d.makeFile("a", [UInt8](repeating: 65, count: 4096))
            let mapping = d.open("a", .readWrite).map(4096)
            mapping.store("x", at: 0)
            mapping.sync(1)
            mapping.sync(4 | 2)
            mapping.sync(5)
            d.contents("a")
        },
        "outlives its descriptor": { d in
            d.makeFile("a", [UInt8](repeating: 65, count: 8192))
            let file = d.open("a", .readWrite)
            let mapping = file.map(8192)
            file.close()
            mapping.store("later", at: 4096)
            mapping.load(5, at: 4096)
            let again = d.open("a", .readWrite)
            again.pread(5, at: 4096)
            again.pwrite("LATER", at: 4096)
            mapping.load(5, at: 4096)
            mapping.sync()
            mapping.unmap()
            again.pread(5, at: 4096)
        },
        "of a direct descriptor": { d in
            d.makeFile("a", [UInt8](repeating: 65, count: 8192))
            let file = d.open("a", [.readWrite, .direct])
            let mapping = file.map(8192)
            mapping.load(4, at: 0)
            mapping.store("BB", at: 4096)
            mapping.sync()
            file.preadAligned(4096, at: 4096)
            file.pwriteAligned(67, count: 4096, at: 0)
            mapping.load(4, at: 0)
        },
        "written into another file from the mapping": { d in
            d.makeFile("a", [UInt8](repeating: 65, count: 8192))
            d.makeFile("b")
            let mapping = d.open("a", .readWrite).map(8192)
            mapping.load(4000, at: 4096)
            d.open("b", .writeOnly).write("x")
            mapping.advise(4)
            mapping.load(4, at: 4096)
        },
        "run from a mapping": { d in
            d.copyProgram("/bin/true", to: "program")
            d.run("program")
            let mapping = d.open("program").map(4096, protection: 5, flags: 2)
            mapping.load(4, at: 0)
        },
        "many pages": { d in
            d.makeFile("a", [UInt8](repeating: 65, count: 1 << 20))
            let file = d.open("a", .readWrite)
            let mapping = file.map(1 << 20)
            d.unrecorded {
                for page in stride(from: 0, to: 256, by: 3) { mapping.store("M", at: page * 4096) }
            }
            mapping.sync()
            d.contents("a")
        },
    ]
}
