import HostFileSystem
import IOStack
import LinuxKit
import Minifilters
import SystemPackage

/// Takes a session's own names of files, which is a change of the files that have others: the other
/// sessions of the store are told of it.
///
/// What is about to go is written down before. So a run that was killed in between leaves the next
/// what it has to tell.
struct UndoRelease {
    private let session: FoundUndoSession
    private let returns: UndoReturns

    init(of session: FoundUndoSession) {
        self.session = session
        returns = UndoReturns(of: session)
    }

    /// Returns what went wrong, in sentences.
    ///
    /// - Parameter names: in the folder of what is held.
    func release(_ names: [FilePath], in held: FileDescriptor) -> [String] {
        let others = returns.others()
        guard !others.isEmpty else {
            for name in names { try? SystemCall.unlink(name, at: held) }
            return []
        }
        let going = names.compactMap { name -> UndoReleasedFile? in
            guard let found = try? SystemCall.status(of: name, at: held, followingLinks: false),
                found.linkCount > 1
            else { return nil }
            return UndoReleasedFile(found)
        }
        guard let notes = try? UndoNotes(session),
            going.isEmpty || (try? notes.write(going.map { .releasing($0) })) != nil
        else { return ["\(session.place.path) cannot be written: what it holds stays."] }
        var files: [UndoReturns.File] = []
        for name in names {
            guard let file = try? SystemCall.open(name, at: held, [.pathOnly, .noFollow]) else {
                continue
            }
            try? SystemCall.unlink(name, at: held)
            guard let now = try? SystemCall.status(of: file.descriptor),
                let before = going.first(where: { $0.file == FileID(now) })
            else { continue }
            if let told = before.told(now) { files.append(told) }
        }
        files += left(by: Set(going.map(\.file)))
        let faults = returns.tell(files, to: others)
        if faults.isEmpty { try? notes.write([.released]) }
        return faults
    }

    /// Removes a session with all that it holds.
    static func removeAll(of address: UndoAddress) {
        if let session = try? address.session(), let folder = try? address.place.openFolder(),
            let held = try? UndoPlace.held(in: folder),
            let names = try? SystemCall.names(in: held.descriptor)
        {
            let files = names.map { FilePath(bytes: $0) }
            _ = UndoRelease(of: session).release(files, in: held.descriptor)
        }
        address.place.remove()
    }

    /// What a run that was killed had not told.
    private func left(by going: Set<FileID>) -> [UndoReturns.File] {
        var missing = Dictionary(
            session.knowledge.releasing.filter { !going.contains($0.file) }.map { ($0.file, $0) }
        ) { first, _ in first }
        var files: [UndoReturns.File] = []
        guard !missing.isEmpty, let top = try? session.openRoot() else { return [] }
        // By which names it has them nobody wrote down.
        UndoWalk.files(below: top.descriptor) { found in
            guard let before = missing.removeValue(forKey: FileID(found)) else { return }
            if let told = before.told(found) { files.append(told) }
        }
        return files
    }
}

extension UndoReleasedFile {
    fileprivate init(_ found: FileStatus) {
        self.init(
            file: FileID(found), birth: found.created.map { FileTime($0) },
            changed: FileTime(found.changed), modified: FileTime(found.modified),
            size: found.size, mode: UInt32(found.mode), user: found.user, group: found.group,
            links: UInt64(found.linkCount))
    }

    /// nil where somebody else has changed it since.
    fileprivate func told(_ now: FileStatus) -> UndoReturns.File? {
        guard now.size == size, FileTime(now.modified) == modified, UInt32(now.mode) == mode,
            now.user == user, now.group == group, UInt64(now.linkCount) + 1 == links,
            now.created.map({ FileTime($0) }) == birth
        else { return nil }
        return UndoReturns.File(
            was: file, birth: birth, found: changed, now: FileID(now), nowBirth: birth,
            changed: FileTime(now.changed), isDirectory: false, isSeen: true)
    }
}

/// All files below a directory, however deep it is.
enum UndoWalk {
    /// Never follows a link. What cannot be looked at is left out.
    static func files(below top: FileDescriptor, _ body: (FileStatus) -> Void) {
        var left: [UndoPath] = [[]]
        while let path = left.popLast() {
            guard let here = try? UndoTree.open(path, beneath: top),
                let names = try? SystemCall.names(in: here.descriptor)
            else { continue }
            for name in names {
                guard
                    let found = try? SystemCall.status(
                        of: FilePath(bytes: name), at: here.descriptor, followingLinks: false)
                else { continue }
                if found.isDirectory { left.append(path + [name]) } else { body(found) }
            }
        }
    }
}
