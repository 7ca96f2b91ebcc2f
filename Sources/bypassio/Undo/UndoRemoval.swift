import IOStack
import LinuxKit
import SystemPackage

/// Removes a file or a directory with all below, however deep that is: one level is open at a time.
enum UndoRemoval {
    /// A directory that is gone through.
    private struct Level {
        /// In the directory above.
        let name: FilePath
        let device: DeviceNumber
        let inode: UInt64
        /// What is still in it.
        var names: UndoPath

        init(_ name: FilePath, _ directory: FileDescriptor) throws(Errno) {
            let status = try SystemCall.status(of: directory)
            (self.name, device, inode) = (name, status.device, status.inode)
            names = try SystemCall.names(in: directory)
        }
    }

    /// Never follows a link. Throws `ESTALE` where somebody moves a directory meanwhile.
    ///
    /// - Parameter check: sees each file and directory before it goes, and throws what stops this.
    static func remove(
        _ name: FilePath, at above: FileDescriptor,
        check: (FileStatus) throws(Errno) -> Void = { (_) throws(Errno) in }
    ) throws(Errno) {
        guard var here = try enter(name, at: above, check) else { return }
        var levels = [try Level(name, here.descriptor)]
        while let last = levels.indices.last {
            if let inner = levels[last].names.popLast() {
                let name = FilePath(bytes: inner)
                guard let next = try enter(name, at: here.descriptor, check) else { continue }
                levels.append(try Level(name, next.descriptor))
                here = next
            } else {
                let done = levels.removeLast()
                guard let parent = levels.last else {
                    return try SystemCall.unlink(done.name, at: above, isDirectory: true)
                }
                here = try SystemCall.open("..", at: here.descriptor, [.directory])
                let status = try SystemCall.status(of: here.descriptor)
                guard status.inode == parent.inode, status.device == parent.device else {
                    throw .staleNFSFileHandle
                }
                try SystemCall.unlink(done.name, at: here.descriptor, isDirectory: true)
            }
        }
    }

    /// nil for what is no directory, which is gone then.
    private static func enter(
        _ name: FilePath, at above: FileDescriptor, _ check: (FileStatus) throws(Errno) -> Void
    ) throws(Errno) -> OwnedDescriptor? {
        let found = try SystemCall.status(of: name, at: above, followingLinks: false)
        try check(found)
        guard found.isDirectory else {
            do throws(Errno) {
                try SystemCall.unlink(name, at: above)
            } catch {
                guard error == .notPermitted, UndoLoosening.takeFlags(of: name, at: above) else {
                    throw error
                }
                try SystemCall.unlink(name, at: above)
            }
            return nil
        }
        if let mode = UndoLoosening.mode(of: found, with: 0o700) {
            let place = try SystemCall.open(name, at: above, [.pathOnly, .directory, .noFollow])
            try SystemCall.changeMode(of: place.descriptor, to: mode)
        }
        let directory = try SystemCall.open(name, at: above, [.directory, .noFollow])
        UndoLoosening.takeFlags(of: directory.descriptor)
        return directory
    }
}
