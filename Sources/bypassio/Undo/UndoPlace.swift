import Foundation
import IOStack
import LinuxKit
import SystemPackage

/// Where a session is: a folder of this user alone, in a store of such folders.
struct UndoPlace: Sendable, Hashable {
    let store: FilePath
    let name: String

    var path: FilePath { store.appending(name) }
    /// Where the sessions of guards within this one are.
    var inner: FilePath { path.appending("inner") }

    static let journal: FilePath = "journal"
    /// In bytes: what memory should hold.
    static let longestJournal: UInt64 = 4 << 30
    /// Of a session that a program within a guard may have made up.
    static let longestInnerJournal: UInt64 = 256 << 20

    /// Of a file, in the folders of copies and of what is held.
    static func name(_ number: UInt64) -> FilePath { FilePath("\(number)") }

    /// On the journal: a service that is at work holds a shared one. Nobody else takes one to find
    /// that out.
    static func lock(_ kind: SystemCall.LockKind) -> SystemCall.ByteRangeLock {
        SystemCall.ByteRangeLock(kind: kind, start: 0, length: 0)
    }

    /// Never by a link that was put in its place.
    func openFolder() throws(Errno) -> OwnedDescriptor {
        try SystemCall.open(path, [.directory, .noFollow])
    }

    /// Old data of files.
    static func copies(in folder: borrowing OwnedDescriptor) throws(Errno) -> OwnedDescriptor {
        try SystemCall.open("data", at: folder.descriptor, [.directory, .noFollow])
    }

    /// Files themselves.
    static func held(in folder: borrowing OwnedDescriptor) throws(Errno) -> OwnedDescriptor {
        try SystemCall.open("held", at: folder.descriptor, [.directory, .noFollow])
    }

    /// Throws a ``CommandError`` for a name that is none.
    init(store: FilePath, name: String) throws {
        guard !name.isEmpty, !name.hasPrefix("."), !name.contains("/"), name.utf8.count < 200 else {
            throw CommandError(
                .usage, "\(name) is no name of a session: it has no slash and no dot first.")
        }
        self.store = store
        self.name = name
    }

    /// A new one, by the time.
    init(newIn store: FilePath) {
        self.store = store
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.dateFormat = "yyyyMMdd-HHmmss"
        name = "\(format.string(from: Date()))-\(getpid())"
    }

    /// The user's own store; nil where the user has no place for it.
    static var ownStore: FilePath? {
        if geteuid() == 0, StateFolder.named == nil { return "/var/lib/bypassio/undo" }
        return StateFolder.own?.appending("undo")
    }

    /// Whether the store is in that directory, or would be if it were made.
    ///
    /// - Parameter directory: without links.
    func lies(in directory: FilePath) -> Bool { Self.resolved(store).starts(with: directory) }

    /// Without links, as far as it is there.
    static func resolved(_ path: FilePath) -> FilePath {
        var above = FilePath(FileManager.default.currentDirectoryPath).pushing(path)
        var tail: [FilePath.Component] = []
        while true {
            if let real = try? SystemCall.realPath(above) {
                return real.appending(tail.reversed()).lexicallyNormalized()
            }
            guard let name = above.lastComponent else { return path }
            tail.append(name)
            above.removeLastComponent()
        }
    }

    func make() throws(Errno) {
        try Self.makeFolders(store)
        for folder in [path, path.appending("data"), path.appending("held"), inner] {
            do throws(Errno) {
                try SystemCall.makeDirectory(folder, mode: 0o700)
            } catch {
                guard error == .fileExists else { throw error }
            }
        }
    }

    /// Those that are missing, for this user alone.
    static func makeFolders(_ path: FilePath) throws(Errno) {
        var missing: [FilePath] = []
        var next = path
        while (try? SystemCall.status(of: next, followingLinks: true)) == nil {
            missing.append(next)
            let above = next.removingLastComponent()
            guard above != next, !above.isEmpty else { break }
            next = above
        }
        for folder in missing.reversed() {
            do throws(Errno) {
                try SystemCall.makeDirectory(folder, mode: 0o700)
            } catch {
                guard error == .fileExists else { throw error }
            }
        }
    }

    /// The journal goes last: without it nobody would know the rest for a session.
    func remove() {
        guard let store = try? SystemCall.open(store, [.directory]) else { return }
        if let folder = try? openFolder() {
            for name in (try? SystemCall.names(in: folder.descriptor)) ?? []
            where FilePath(bytes: name) != Self.journal {
                try? UndoRemoval.remove(FilePath(bytes: name), at: folder.descriptor)
            }
        }
        try? UndoRemoval.remove(FilePath(name), at: store.descriptor)
    }
}

/// Files of a store, of which a program within a guard may have made up any.
enum UndoFiles {
    /// nil for what is no regular file, which is not opened: a FIFO would wait for a writer.
    static func open(
        _ name: FilePath, at folder: FileDescriptor, _ flags: OpenFlags
    ) throws(Errno) -> OwnedDescriptor? {
        let place = try SystemCall.open(name, at: folder, [.pathOnly, .noFollow])
        guard try SystemCall.status(of: place.descriptor).isRegularFile else { return nil }
        return try SystemCall.reopen(place.descriptor, flags)
    }

    /// A whole file. Throws `EFBIG` for more bytes than `limit`.
    static func contents(
        of file: FileDescriptor, atMost limit: UInt64
    ) throws(Errno) -> [UInt8] {
        let size = try SystemCall.status(of: file).size
        guard size <= limit else { throw .fileTooLarge }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(size))
        var piece = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = try SystemCall.read(file, into: &piece, at: Int64(bytes.count))
            if count == 0 { return bytes }
            bytes += piece.prefix(count)
            // It may grow meanwhile.
            guard bytes.count <= limit else { throw .fileTooLarge }
        }
    }
}
