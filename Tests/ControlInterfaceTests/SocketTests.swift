import BypassIOProtocol
import ControlInterface
import Foundation
import LinuxKit
import SystemPackage
import TestSupport
import Testing

/// Where the socket is, and who may have been there before.
struct SocketTests {
    @Test(
        "a mount point's name is escaped as systemd-escape --path does",
        arguments: [
            ("/", "-.sock"), ("/mnt/games", "mnt-games.sock"),
            ("/mnt/a-b", "mnt-a\\x2db.sock"), ("/.hidden/x.y", "\\x2ehidden-x.y.sock"),
            ("/mnt/ä b", "mnt-\\xc3\\xa4\\x20b.sock"),
        ])
    func names(_ path: String, _ name: String) {
        #expect(ControlPlace.name(of: FilePath(path)) == name)
    }

    @Test("a long name is cut, and still tells mount points apart")
    func longNames() {
        let long = "/mnt/" + String(repeating: "x", count: 300)
        let names = Set(
            [long, long + "y", long + "/z"].map { ControlPlace.name(of: FilePath($0)) })
        #expect(names.count == 3 && names.allSatisfy { $0.utf8.count <= 70 })
    }

    @Test("users have their own directories")
    func places() {
        func directory(_ user: UInt32, _ runtime: String?) -> FilePath {
            ControlPlace(mountPoint: "/mnt", user: user, runtimeDirectory: runtime).directory
        }
        #expect(directory(0, "/elsewhere") == "/run/bypassio")
        #expect(directory(4711, "/elsewhere") == "/elsewhere/bypassio")
        #expect(directory(4711, "relative") == "/tmp/bypassio-4711")
        #expect(directory(4711, nil) == "/tmp/bypassio-4711")
    }

    /// As a service that was killed leaves it.
    private static func leaveDeadSocket(at path: FilePath) throws {
        let socket = try SystemCall.streamSocket(waits: true)
        try SystemCall.bind(socket.descriptor, to: path)
    }

    private static func changeMode(of directory: FilePath, to mode: UInt32) throws {
        let opened = try SystemCall.open(directory, [.directory])
        try SystemCall.changeMode(of: opened.descriptor, to: mode)
    }

    @Test("a socket that a dead service left is replaced, and what is made is its user's alone")
    func stale() throws {
        let folder = try TemporaryFolder()
        let path = folder.path.appending("volume.sock")
        try Self.leaveDeadSocket(at: path)
        #expect(throws: ControlClientError.self) {
            let _: ServiceReport = try ControlClient(socket: path).get("/v1/service")
        }
        let server = try ControlServer.start(
            ControlSocket(ControlPlace(path: path)), TestVolume(), on: ControlExecutor())
        let service: ServiceReport = try ControlClient(socket: path).get("/v1/service")
        #expect(service.isMounted)
        let mode = try SystemCall.status(of: path, followingLinks: false).mode
        #expect(mode & 0o777 == 0o600)
        server.end()
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path.string) == [])
    }

    @Test("a living service's socket stays its own, and so does what is no socket")
    func living() throws {
        let server = try TestServer()
        defer { server.end() }
        #expect(throws: ControlSocket.Failure.self) {
            try ControlSocket(ControlPlace(path: server.socket))
        }
        let service: ServiceReport = try server.client.get("/v1/service")
        #expect(service.mountPoint == "/mnt/volume")
        let file = try server.folder.file("note.sock", [1])
        #expect(throws: ControlSocket.Failure.self) {
            try ControlSocket(ControlPlace(path: file))
        }
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: server.folder.path.string).sorted()
                == ["note.sock", "volume.sock"])
    }

    @Test("the directory must be this user's, no link, and closed to others")
    func directory() throws {
        let folder = try TemporaryFolder()
        let runtime = folder.path.string
        let place = ControlPlace(mountPoint: "/mnt", user: 4711, runtimeDirectory: runtime)
        #expect(place.directory == folder.path.appending("bypassio"))
        try FileManager.default.createSymbolicLink(
            atPath: place.directory.string, withDestinationPath: "/tmp")
        #expect(throws: ControlSocket.Failure.self) { try ControlSocket(place) }
        try SystemCall.unlink(place.directory)
        try SystemCall.makeDirectory(place.directory, mode: 0o700)
        try Self.changeMode(of: place.directory, to: 0o777)
        #expect(throws: ControlSocket.Failure.self) { try ControlSocket(place) }
        try Self.changeMode(of: place.directory, to: 0o700)
        _ = try ControlSocket(place)
    }

    private static func place(_ mountPoint: FilePath, in folder: TemporaryFolder) -> ControlPlace {
        ControlPlace(mountPoint: mountPoint, user: 4711, runtimeDirectory: folder.path.string)
    }

    @Test("what killed services left in the directory goes with the next that comes")
    func swept() throws {
        let folder = try TemporaryFolder()
        let living = try ControlSocket(Self.place("/living", in: folder))
        try Self.leaveDeadSocket(at: Self.place("/dead", in: folder).path)
        let next = try ControlSocket(Self.place("/next", in: folder))
        let names = try FileManager.default.contentsOfDirectory(
            atPath: Self.place("/next", in: folder).directory.string)
        #expect(names.sorted() == ["living.sock", "next.sock"])
        withExtendedLifetime((living, next)) {}
    }

    @Test("a socket half made by a service that was killed goes, of one that begins it stays")
    func drafts() throws {
        let folder = try TemporaryFolder()
        let first = try ControlSocket(Self.place("/first", in: folder))
        let directory = Self.place("/first", in: folder).directory
        // No process has the first numbers; 1 is there always.
        for name in [".2147483646.new", ".2147483645.new", ".1.new", ".x.new"] {
            try Self.leaveDeadSocket(at: directory.appending(name))
            guard name != ".2147483645.new" else { continue }
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -3600)],
                ofItemAtPath: directory.appending(name).string)
        }
        let next = try ControlSocket(Self.place("/next", in: folder))
        let names = try FileManager.default.contentsOfDirectory(atPath: directory.string)
        #expect(
            names.sorted() == [".1.new", ".2147483645.new", ".x.new", "first.sock", "next.sock"])
        withExtendedLifetime((first, next)) {}
    }

    @Test("the path may be longer than a socket's address")
    func longPath() throws {
        let folder = try TemporaryFolder()
        var path = folder.path
        for _ in 0..<3 {
            path.append(String(repeating: "d", count: 60))
            try SystemCall.makeDirectory(path, mode: 0o700)
        }
        path.append("volume.sock")
        let server = try ControlServer.start(
            ControlSocket(ControlPlace(path: path)), TestVolume(), on: ControlExecutor())
        defer { server.end() }
        let service: ServiceReport = try ControlClient(socket: path).get("/v1/service")
        #expect(service.process == 1)
    }
}
