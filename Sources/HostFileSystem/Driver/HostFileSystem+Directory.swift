public import IOStack
internal import LinuxKit
internal import SystemPackage

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
                for index in entries.indices {
                    entries[index].information = information(of: entries[index], in: descriptor)
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

    private func information(
        of entry: DirectoryEntry, in directory: FileDescriptor
    ) -> FileInformation? {
        guard entry.name != Self.itself, entry.name != Self.above else { return nil }
        let status = try? SystemCall.status(
            of: FilePath(bytes: entry.name), at: directory, followingLinks: false)
        return status.map { FileInformation($0, attributes: []) }
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
