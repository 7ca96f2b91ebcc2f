import Glibc
import IOStack
import LinuxKit
import Minifilters
import SystemPackage

/// What does not let itself be changed: immutable (chattr(1)), or read-only to its owner.
enum UndoLoosening {
    /// Takes the flags that forbid changes, of a regular file or directory that has them.
    ///
    /// - Returns: whether it had any.
    @discardableResult
    static func takeFlags(of file: FileDescriptor) -> Bool {
        guard let flags = try? SystemCall.inodeFlags(of: file),
            !flags.isDisjoint(with: [.immutable, .appendOnly])
        else { return false }
        let free = flags.subtracting([.immutable, .appendOnly])
        return (try? SystemCall.setInodeFlags(of: file, to: free)) != nil
    }

    /// The same by a name, never through a link.
    static func takeFlags(of name: FilePath, at directory: FileDescriptor) -> Bool {
        guard
            let place = try? SystemCall.open(name, at: directory, [.pathOnly, .noFollow]),
            let found = try? SystemCall.status(of: place.descriptor),
            found.isDirectory || found.isRegularFile,
            let file = try? SystemCall.reopen(place.descriptor, [.readOnly])
        else { return false }
        return takeFlags(of: file.descriptor)
    }

    /// The mode with which its owner, this user, may do what `bits` say; nil where it has that
    /// already, or where modes are no matter.
    static func mode(of found: FileStatus, with bits: UInt32) -> UInt32? {
        let mode = UInt32(found.mode) & 0o7777
        guard geteuid() != 0, found.user == geteuid(), mode & bits != bits else { return nil }
        return mode | bits
    }
}

extension UndoTree {
    /// A directory whose mode was changed so that its names can be.
    struct Loosened {
        /// nil: not of before.
        let number: UInt64?
        let path: UndoPath
        let inode: UInt64
        let mode: UInt32
    }

    /// Its names are about to change.
    func loosen(_ directory: borrowing OwnedDescriptor, at path: UndoPath) {
        guard let found = try? SystemCall.status(of: directory.descriptor),
            let mode = UndoLoosening.mode(of: found, with: 0o300),
            (try? SystemCall.changeMode(of: directory.descriptor, to: mode)) != nil
        else { return }
        loosened.append(
            Loosened(
                number: path.isEmpty ? Self.root : number(of: found), path: path,
                inode: found.inode, mode: UInt32(found.mode) & 0o7777))
    }

    /// Gives such directories their modes back, wherever they are now.
    func tighten() {
        for one in loosened.reversed() {
            guard let directory = try? open(one.number.flatMap { path(of: $0) } ?? one.path),
                let found = try? SystemCall.status(of: directory.descriptor),
                found.inode == one.inode
            else { continue }
            try? SystemCall.changeMode(of: directory.descriptor, to: one.mode)
        }
        loosened = []
    }
}
