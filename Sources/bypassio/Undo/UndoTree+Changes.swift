import IOStack
import LinuxKit
import Minifilters
import SystemPackage

// Changes of names, each by one system call.
extension UndoTree {
    private struct Place: ~Copyable {
        let above: OwnedDescriptor
        let name: FilePath
        var directory: FileDescriptor { above.descriptor }
    }

    private func split(_ path: UndoPath) throws(Errno) -> Place {
        guard let name = path.last else { throw .invalidArgument }
        let above = try open(path.dropLast())
        loosen(above, at: path.dropLast())
        return Place(above: above, name: FilePath(bytes: name))
    }

    /// Where a file is from now on.
    func note(_ number: UInt64, at entry: UndoEntry) {
        let anchor = Anchor(directory: entry.directory, names: [entry.name])
        anchors[number, default: []].removeAll { $0 == anchor }
        anchors[number, default: []].insert(anchor, at: 0)
    }

    /// Nothing is at these names any more, nor below.
    func forget(_ gone: Set<Anchor>) {
        for number in Array(anchors.keys) {
            anchors[number]?.removeAll { anchor in
                (1...anchor.names.count).contains { count in
                    gone.contains(
                        Anchor(
                            directory: anchor.directory, names: Array(anchor.names.prefix(count))))
                }
            }
        }
    }

    /// The file was moved aside by a run that was killed.
    func awayHas(_ number: UInt64?) -> Bool {
        guard let number else { return false }
        return status(of: [awayName, Array("\(number)".utf8)]) != nil
    }

    func move(_ path: UndoPath, to target: UndoPath) throws(Errno) {
        let from = try split(path)
        let to = try split(target)
        do throws(Errno) {
            try SystemCall.rename(
                from.name, at: from.directory, to: to.name, at: to.directory, .keepingExisting)
        } catch {
            // A directory that gets another one above must be writable itself.
            guard error == .permissionDenied, let directory = try? open(path) else { throw error }
            loosen(directory, at: path)
            try SystemCall.rename(
                from.name, at: from.directory, to: to.name, at: to.directory, .keepingExisting)
        }
    }

    func link(_ path: UndoPath, to target: UndoPath) throws(Errno) {
        let from = try split(path)
        let to = try split(target)
        try SystemCall.link(from.name, at: from.directory, to: to.name, at: to.directory)
    }

    /// Throws `ESTALE` where no regular file is held.
    func link(held number: UInt64, to target: UndoPath) throws(Errno) {
        let to = try split(target)
        let held = try UndoPlace.held(in: folder)
        let file = try SystemCall.open(
            UndoPlace.name(number), at: held.descriptor, [.pathOnly, .noFollow])
        guard try SystemCall.status(of: file.descriptor).isRegularFile else {
            throw .staleNFSFileHandle
        }
        try SystemCall.link(file.descriptor, to: to.name, at: to.directory)
    }

    func makeDirectory(_ path: UndoPath) throws(Errno) {
        let place = try split(path)
        try SystemCall.makeDirectory(place.name, at: place.directory, mode: 0o700)
    }

    /// Without its data and attributes, which are restored like those of files that are there.
    func make(_ node: UndoNode, at path: UndoPath) throws(Errno) {
        let place = try split(path)
        if let target = node.target {
            return try SystemCall.makeSymbolicLink(
                to: target, named: place.name, at: place.directory)
        }
        // Whoever ran in a guard may have thought of any device.
        guard session.outer == nil || !node.kind.isDevice else { throw .notPermitted }
        try SystemCall.makeNode(
            place.name, at: place.directory, mode: node.kind.bits | 0o600,
            device: DeviceNumber(encoded: node.device))
    }

    /// Where a file of before is made anew, or waits for its name.
    func aside(_ number: UInt64) -> UndoPath { [awayName, Array("\(number)".utf8)] }

    /// What a run that was killed had made aside and not told of: nothing is in it yet.
    func removeUnknownAside() {
        guard let folder = try? open([awayName]) else { return }
        for name in (try? SystemCall.names(in: folder.descriptor)) ?? [] {
            let name = FilePath(bytes: name)
            guard
                let found = try? SystemCall.status(
                    of: name, at: folder.descriptor, followingLinks: false),
                number(of: found) == nil
            else { continue }
            try? SystemCall.unlink(name, at: folder.descriptor, isDirectory: found.isDirectory)
        }
    }

    /// With all below, but no file of before that nothing else keeps: then it throws `EBUSY`.
    ///
    /// - Parameter willUnlink: sees each file first.
    func remove(
        _ path: UndoPath, willUnlink: (FileStatus) throws(Errno) -> Void
    ) throws(Errno) {
        // What is moved aside is put back, and only what is new within it goes.
        guard path.first != awayName || path.count > 2 else { throw .resourceBusy }
        let place = try split(path)
        try UndoRemoval.remove(place.name, at: place.directory) { [self] found throws(Errno) in
            if let number = number(of: found), !mayGo(number) { throw .resourceBusy }
            if !found.isDirectory { try willUnlink(found) }
        }
    }

    /// Leaves it beside, under a name that nothing has.
    func setAside(_ path: UndoPath) throws(Errno) {
        try move(path, to: spare(path))
    }

    /// A free name beside a file.
    func spare(_ path: UndoPath) throws(Errno) -> UndoPath {
        guard let name = path.last else { throw .invalidArgument }
        for number in 1...1000 {
            let end = Array(".before-undo\(number == 1 ? "" : "-\(number)")".utf8)
            let spare = path.dropLast() + [Array(name.prefix(255 - end.count)) + end]
            if status(of: Array(spare)) == nil { return Array(spare) }
        }
        throw .fileExists
    }

    /// Throws `ENOTEMPTY` where something could not be put back.
    func removeAway() throws(Errno) {
        do throws(Errno) {
            try SystemCall.unlink(
                FilePath(bytes: awayName), at: top.descriptor, isDirectory: true)
        } catch {
            guard error == .noSuchFileOrDirectory else { throw error }
        }
    }
}
