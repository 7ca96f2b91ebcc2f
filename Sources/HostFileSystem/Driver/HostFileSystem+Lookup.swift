internal import IOStack
internal import LinuxKit
internal import SystemPackage

// Names become descriptors only here.
extension HostFileSystem {
    /// Opens a path that starts at `base`, beneath the root. An empty path is `base` itself.
    ///
    /// The kernel confines a walk to the directory where it starts. If `base` is not the root, that
    /// is narrower than the volume. So a walk that the kernel refuses for that reason (EXDEV) is
    /// tried again from the root.
    func open(
        _ path: FilePath, from base: FileDescriptor, _ flags: OpenFlags, mode: UInt32 = 0
    ) throws(Errno) -> OwnedDescriptor {
        let path = path.isEmpty ? "." : path
        do {
            return try SystemCall.open(path, beneath: base, flags, mode: mode)
        } catch {
            guard error == .improperLink, base != root, path.isRelative else { throw error }
        }
        let whole = try pathFromRoot(of: base).appending(path.components)
        return try SystemCall.open(whole, beneath: root, flags, mode: mode)
    }

    /// The present place of a directory, seen from the root; `EXDEV` if it is not beneath the root.
    ///
    /// The directory may move before the answer is used. A file opened by the answer is still
    /// beneath the root.
    func pathFromRoot(of directory: FileDescriptor) throws(Errno) -> FilePath {
        var path = FilePath(
            bytes: try SystemCall.readLink(SystemCall.magicLink(of: directory)))
        let top = FilePath(bytes: try SystemCall.readLink(SystemCall.magicLink(of: root)))
        guard path.removePrefix(top) else { throw .improperLink }
        if path.isEmpty { path = "." }
        let found = try SystemCall.open(path, beneath: root, [.pathOnly, .directory])
        guard
            try FileID(SystemCall.status(of: found.descriptor))
                == FileID(SystemCall.status(of: directory))
        else { throw .improperLink }
        return path
    }

    /// The directory part of a path, "." if there is none, and the name in it.
    static func split(_ path: FilePath) -> (directory: FilePath, name: FilePath) {
        guard let last = path.lastComponent else { return (path, ".") }
        let directory = path.removingLastComponent()
        return (directory.isEmpty ? "." : directory, FilePath(root: nil, components: last))
    }
}
