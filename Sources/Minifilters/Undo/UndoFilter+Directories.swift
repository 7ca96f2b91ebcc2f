import BypassIOProtocol
import IOStack
import SystemPackage

// Directories that are met for the first time. A program chooses how deep they are: there are
// loops, and two directories are open at a time.
extension UndoFilter {
    /// The way from a directory that is recorded, or the root, down to another.
    private struct Way {
        /// Open.
        var top: FileObject
        /// From the bottom up: each directory with its name in the one above.
        var steps: [(name: FilePath.Component, id: FileID)] = []
    }

    /// Under `recording`. A directory's parents come first, so that each name has its directory.
    func recordDirectory(
        _ object: FileObject, _ found: FileInformation, _ instance: FilterInstance
    ) throws(IOFailure) -> UndoFile? {
        let root = try openDirectory("", in: nil, instance)
        defer { root.close() }
        guard root.stream.id != found.id else {
            return try record(found, object, at: nil, instance)
        }
        for _ in 0..<Self.attempts {
            guard let way = try way(to: object, found.id, from: root, instance) else { continue }
            do throws(IOFailure) {
                return try record(way, instance)
            } catch {
                // Somebody has moved one of them meanwhile.
                guard [.sharingViolation, .objectNameNotFound].contains(error.status) else {
                    throw error
                }
            }
        }
        throw IOFailure(.sharingViolation)
    }

    /// nil: a directory has no name above it at this moment.
    private func way(
        to object: FileObject, _ id: FileID, from root: FileObject, _ instance: FilterInstance
    ) throws(IOFailure) -> Way? {
        var names = Array(FilePath(object.openedPath).lexicallyNormalized().components)
        var here = object
        var id = id
        var steps: [(name: FilePath.Component, id: FileID)] = []
        while true {
            let parent: FileObject
            let name: FilePath.Component?
            do {
                defer { if here !== object { here.close() } }
                parent = try openDirectory("..", in: here, instance)
            }
            do throws(IOFailure) {
                name = try self.name(of: id, maybe: names.last, in: parent, instance)
            } catch {
                parent.close()
                throw error
            }
            guard let name else {
                parent.close()
                return nil
            }
            steps.append((name, id))
            let isKnown = known(parent.stream.id, parent.stream.birthTime) != nil
            if isKnown || parent.stream.id == root.stream.id {
                return Way(top: parent, steps: steps)
            }
            _ = names.popLast()
            (here, id) = (parent, parent.stream.id)
        }
    }

    private func record(_ way: Way, _ instance: FilterInstance) throws(IOFailure) -> UndoFile? {
        var here = way.top
        defer { here.close() }
        var above: UndoFile?
        if let file = known(here.stream.id, here.stream.birthTime) {
            above = file
        } else {
            above = try record(try status(of: here, instance), here, at: nil, instance)
        }
        for step in way.steps.reversed() {
            let next = try openDirectory(
                FilePath(root: nil, components: step.name), in: here, instance)
            here.close()
            here = next
            guard here.stream.id == step.id else { throw IOFailure(.sharingViolation) }
            // What the session made was recorded with its name.
            let place = above.map { UndoEntry($0.number, step.name.nameBytes) }
            above = try record(try status(of: here, instance), here, at: place, instance)
        }
        return above
    }

    /// The directory's name in its parent; nil if it has none there any more.
    private func name(
        of id: FileID, maybe opened: FilePath.Component?, in parent: FileObject,
        _ instance: FilterInstance
    ) throws(IOFailure) -> FilePath.Component? {
        if let opened, opened.kind == .regular,
            try entry(opened, in: parent, instance)?.id == id
        {
            return opened
        }
        var cookie: UInt64 = 0
        while true {
            let entries = try instance.entries(of: parent, after: cookie, limit: 512)
            guard let last = entries.last else { return nil }
            // Where another file system is mounted the listing has the number below it.
            for found in entries where !found.isDots {
                guard let name = FilePath(bytes: found.name).lastComponent,
                    found.id == id || found.kind == .directory,
                    try entry(name, in: parent, instance)?.id == id
                else { continue }
                return name
            }
            cookie = last.cookie
        }
    }
}
