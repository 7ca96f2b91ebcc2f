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
        return Place(above: try open(path.dropLast()), name: FilePath(bytes: name))
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
        try SystemCall.rename(
            from.name, at: from.directory, to: to.name, at: to.directory, .keepingExisting)
    }

    func link(_ path: UndoPath, to target: UndoPath) throws(Errno) {
        let from = try split(path)
        let to = try split(target)
        try SystemCall.link(from.name, at: from.directory, to: to.name, at: to.directory)
    }

    func link(held number: UInt64, to target: UndoPath) throws(Errno) {
        let to = try split(target)
        try SystemCall.link(
            UndoPlace.held(number), at: folder.descriptor, to: to.name, at: to.directory)
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
        try SystemCall.makeNode(
            place.name, at: place.directory, mode: node.kind.bits | 0o600,
            device: DeviceNumber(encoded: node.device))
    }

    /// With all below, but no file of before that nothing else keeps: then it throws `EBUSY`.
    func remove(_ path: UndoPath) throws(Errno) {
        // What is moved aside is put back, and only what is new within it goes.
        guard path.first != awayName || path.count > 2 else { throw .resourceBusy }
        try check(path)
        let place = try split(path)
        do throws(Errno) {
            return try SystemCall.unlink(place.name, at: place.directory)
        } catch {
            guard error == .isDirectory || error == .notPermitted else { throw error }
        }
        let here = try SystemCall.open(place.name, at: place.directory, [.directory, .noFollow])
        for inner in try SystemCall.names(in: here.descriptor) { try remove(path + [inner]) }
        try SystemCall.unlink(place.name, at: place.directory, isDirectory: true)
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
