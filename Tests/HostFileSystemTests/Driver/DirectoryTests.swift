import IOStack
import LinuxKit
import SystemPackage
import Testing

@testable import HostFileSystem

@Suite("Listing host directories and their extended attributes")
struct DirectoryTests {
    @Test("Every name comes once, in pieces of any size, with its kind and its file's identity")
    func listing() throws {
        let host = try HostFixture()
        let names = (0..<500).map { "file-\($0)-" + String(repeating: "x", count: $0 % 200) }
        for name in names { try host.hostFile(name) }
        try SystemCall.makeDirectory(host.root.appending("folder"), mode: 0o755)
        let root = try host.open("")
        defer { root.close() }
        for limit in [1, 7, 100, 10_000] {
            var found: [DirectoryEntry] = []
            var cookie: UInt64 = 0
            while true {
                let piece = try root.entries(after: cookie, limit: limit)
                #expect(piece.count <= limit)
                guard let last = piece.last else { break }
                found += piece
                cookie = last.cookie
            }
            let listed = found.map { String(decoding: $0.name, as: UTF8.self) }
            #expect(listed.sorted() == (names + ["folder", ".", ".."]).sorted())
        }
        let all = try root.entries(after: 0, limit: 1000)
        let file = try #require(all.first { $0.name == Array("file-3-xxx".utf8) })
        #expect(file.kind == .regularFile)
        #expect(try file.id.inode == host.status("file-3-xxx").inode)
        #expect(all.first { $0.name == Array("folder".utf8) }?.kind == .directory)
    }

    @Test("Only an open directory is listed")
    func refusals() throws {
        let host = try HostFixture()
        try host.hostFile("file")
        let file = try host.open("file")
        let bare = try host.open("", options: .attributesOnly)
        let root = try host.open("")
        defer { for handle in [file, bare, root] { handle.close() } }
        func list(_ file: FileObject, _ limit: Int) -> Errno? {
            errno { () throws(IOFailure) in _ = try file.entries(after: 0, limit: limit) }
        }
        #expect(list(file, 1) == .notDirectory)
        #expect(list(bare, 1) == .badFileDescriptor)
        #expect(list(root, 0) == .invalidArgument)
    }

    @Test("Extended attributes hold any bytes and keep XATTR_CREATE and XATTR_REPLACE")
    func attributes() throws {
        let host = try HostFixture()
        try host.hostFile("file")
        for options: CreateParameters.Options in [[], .attributesOnly] {
            let file = try host.open("file", access: [.read, .write], options: options)
            defer { file.close() }
            let value: [UInt8] = [0, 0xFF, 0x2F, 0]
            try file.setAttribute("user.a", to: value)
            try file.setAttribute("user.empty", to: [])
            #expect(try file.attribute("user.a") == value)
            #expect(try file.attribute("user.empty") == [])
            let names = try file.attributeNames()
            #expect(names.contains(Array("user.a".utf8)))
            #expect(names.contains(Array("user.empty".utf8)))
            #expect(
                errno { () throws(IOFailure) in
                    try file.setAttribute("user.a", to: [1], mustNotExist: true)
                } == .fileExists)
            #expect(
                errno { () throws(IOFailure) in
                    try file.setAttribute("user.none", to: [1], mustExist: true)
                } == .noData)
            #expect(
                errno { () throws(IOFailure) in
                    try file.setAttribute("user.a", to: [1], mustExist: true, mustNotExist: true)
                } == .invalidArgument)
            try file.removeAttribute("user.a")
            try file.removeAttribute("user.empty")
            #expect(
                errno { () throws(IOFailure) in _ = try file.attribute("user.a") } == .noData)
            #expect(
                errno { () throws(IOFailure) in try file.removeAttribute("user.a") } == .noData)
            #expect(
                errno { () throws(IOFailure) in try file.setAttribute("nowhere", to: []) }
                    == .notSupported)
        }
    }
}
