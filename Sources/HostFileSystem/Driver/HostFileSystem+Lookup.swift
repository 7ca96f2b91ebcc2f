import BypassIOProtocol
public import IOStack
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

extension HostFileSystem {
    /// The kernel's path (/proc/self/fd), also after renames past the volume. A file that was moved
    /// out of the root has no name here.
    public func path(of file: FileObject) throws(IOFailure) -> String {
        let open = try openFile(file)
        return try open.withDescriptor { (descriptor) throws(Errno) in
            let top = try Self.place(of: root)
            let place = try Self.place(of: descriptor)
            if place == top { return "" }
            let prefix = top == "/" ? top : top + "/"
            guard place.hasPrefix(prefix) else { throw .noSuchFileOrDirectory }
            let path = String(place.dropFirst(prefix.count))
            // The kernel appends this to the path of a deleted file, but a name may also end so.
            guard path.hasSuffix(" (deleted)") else { return path }
            let named = try SystemCall.status(of: FilePath(path), at: root, followingLinks: false)
            let status = try SystemCall.status(of: descriptor)
            guard named.inode == status.inode, named.device == status.device else {
                throw .noSuchFileOrDirectory
            }
            return path
        }
    }

    private static func place(of descriptor: FileDescriptor) throws(Errno) -> String {
        let link = FilePath("/proc/self/fd/\(descriptor.rawValue)")
        return String(decoding: try SystemCall.readLink(link), as: UTF8.self)
    }
}

/// IRP_MJ_DIRECTORY_CONTROL.
extension HostFileSystem {
    /// Room for one getdents64(2): large enough for the longest name, small enough to be cheap.
    private static let largestRoom = 32768
    /// The most bytes of an entry: 19 bytes, 255 of name, a NUL, rounded up to 8.
    private static let largestEntry = 280

    /// "." and ".." are included, as the host lists them. The root's ".." is the root itself, so
    /// that nothing outside shows.
    ///
    /// Cookies are the host's own: any 64 bits, valid as long as the directory is open. Two readers
    /// of one file object take turns.
    public func entries(
        of directory: FileObject, after cookie: UInt64, limit: Int, withInformation: Bool
    ) throws(IOFailure) -> [DirectoryEntry] {
        let open = try openDirectory(directory)
        guard limit > 0 else { throw IOFailure(errno: .invalidArgument) }
        return try open.withDescriptor { (descriptor) throws(Errno) in
            try open.directoryPosition.withLock { (_) throws(Errno) in
                var entries = try read(descriptor, of: open.id, after: cookie, limit: limit)
                guard withInformation else { return entries }
                let isLocal = open.id.device == rootID.device && descriptions != nil
                for index in entries.indices {
                    entries[index].information = information(
                        of: entries[index], in: descriptor, isLocal: isLocal)
                }
                return entries
            }
        }
    }

    private func read(
        _ descriptor: FileDescriptor, of id: FileID, after cookie: UInt64, limit: Int
    ) throws(Errno) -> [DirectoryEntry] {
        try SystemCall.seek(descriptor, to: Int64(bitPattern: cookie))
        let wanted = min(limit, Self.largestRoom / Self.largestEntry)
        var room = [UInt8](repeating: 0, count: wanted * Self.largestEntry)
        var entries: [DirectoryEntry] = []
        while entries.count < limit {
            let records = try SystemCall.records(of: descriptor, using: &room)
            if records.isEmpty { break }
            for record in records.prefix(limit - entries.count) {
                entries.append(entry(record, Array(room[record.name]), in: id))
            }
        }
        return entries
    }

    /// Without what another file system mounts there: its server may not answer, and the listing
    /// must not wait for it. Of the directory's own file system the kernel knows all, if that is
    /// local.
    private func information(
        of entry: DirectoryEntry, in directory: FileDescriptor, isLocal: Bool
    ) -> FileInformation? {
        guard entry.name != Self.itself, entry.name != Self.above else { return nil }
        let status = try? SystemCall.status(
            of: FilePath(bytes: entry.name), at: directory, followingLinks: false,
            isAsked: isLocal ? nil : false)
        guard let status, !(isLocal && status.isMountRoot) else { return nil }
        return FileInformation(status, attributes: [])
    }

    private static let itself = Array(".".utf8)
    private static let above = Array("..".utf8)

    private func entry(
        _ record: DirectoryRecord, _ name: [UInt8], in directory: FileID
    ) -> DirectoryEntry {
        let isAboveRoot = directory == rootID && name == Self.above
        let id =
            isAboveRoot ? rootID : FileID(device: directory.device, inode: record.inode)
        return DirectoryEntry(
            name: name, id: id, kind: FileKind(directoryType: record.type),
            cookie: UInt64(bitPattern: record.cookie))
    }
}

extension FileKind {
    /// DT_* of readdir(3), which are the type bits of `st_mode` shifted right by 12; nil for
    /// DT_UNKNOWN.
    init?(directoryType: UInt8) {
        let kind = FileTraits.Kind(mode: UInt16(directoryType) << 12)
        guard directoryType < 16, kind != .unknown else { return nil }
        self.init(kind)
    }
}
