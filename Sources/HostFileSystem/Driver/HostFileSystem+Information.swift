public import BypassIOProtocol
public import IOStack
internal import LinuxKit
public import SystemPackage

/// IRP_MJ_QUERY_INFORMATION.
extension HostFileSystem {
    public func information(of file: FileObject) throws(IOFailure) -> FileInformation {
        let open = try openFile(file)
        return try open.withDescriptor { (descriptor) throws(Errno) in
            let status = try SystemCall.status(of: descriptor)
            return FileInformation(
                status, attributes: try attributes(of: open, descriptor, status))
        }
    }

    public func status(of file: FileObject) throws(IOFailure) -> FileInformation {
        try openFile(file).withDescriptor { (descriptor) throws(Errno) in
            FileInformation(try SystemCall.status(of: descriptor), attributes: [])
        }
    }

    public func status(
        of name: FilePath.Component, in directory: FileObject
    ) throws(IOFailure) -> FileInformation {
        let open = try openDirectory(directory)
        // The root's ".." is outside.
        guard name.kind == .regular else { throw IOFailure(errno: .invalidArgument) }
        return try open.withDescriptor { (descriptor) throws(Errno) in
            FileInformation(
                try SystemCall.status(
                    of: FilePath(root: nil, components: name), at: descriptor,
                    followingLinks: false),
                attributes: [])
        }
    }

    /// The attributes that BypassIO asks for, read again only if the file has changed.
    private func attributes(
        of open: HostOpenFile, _ descriptor: FileDescriptor, _ status: FileStatus
    ) throws(Errno) -> FileAttributes {
        let known = open.knownTraits.current
        if let known, known.holds(for: status) { return FileAttributes(known.traits) }
        return FileAttributes(try readTraits(of: open, descriptor, status))
    }

    /// Reads the traits and keeps them with `status`, which was read before.
    func readTraits(
        of open: HostOpenFile, _ descriptor: FileDescriptor, _ status: FileStatus
    ) throws(Errno) -> FileTraits {
        let traits = try FileTraits.read(
            of: descriptor, swaps: try? swapTable(),
            logicalBlockSize: topology.logicalBlockSize)
        let known = KnownTraits(traits, with: status)
        open.knownTraits.withLock { $0 = known }
        return traits
    }

    /// Inspected anew, because the mounts and the file's extents may have changed.
    public func facts(of file: FileObject) -> HostFacts {
        let inspection = try? openFile(file).withDescriptor { (descriptor) throws(Errno) in
            try HostInspection.read(of: descriptor)
        }
        return inspection?.hostFacts ?? .none
    }

    func swapTable() throws(Errno) -> SwapTable {
        guard let swapSpace else { return try SwapTable() }
        return try swapSpace.table()
    }

    /// `EINVAL` for a file that is no symbolic link.
    public func linkTarget(of file: FileObject) throws(IOFailure) -> [UInt8] {
        let open = try openFile(file)
        return try open.withDescriptor { (descriptor) throws(Errno) in
            // readlinkat(2) itself gives ENOENT here, since the path is empty.
            guard open.kind == .symbolicLink else { throw .invalidArgument }
            return try SystemCall.readLink("", at: descriptor)
        }
    }

    public func nextData(in file: FileObject, from offset: UInt64) throws(IOFailure) -> UInt64 {
        try next(.data, in: file, from: offset)
    }

    public func nextHole(in file: FileObject, from offset: UInt64) throws(IOFailure) -> UInt64 {
        try next(.hole, in: file, from: offset)
    }

    /// lseek(2) moves the position, which no other code uses: data is read and written at offsets.
    private func next(
        _ origin: SystemCall.SeekOrigin, in file: FileObject, from offset: UInt64
    ) throws(IOFailure) -> UInt64 {
        let open = try openFile(file)
        return try open.withDescriptor { (descriptor) throws(Errno) in
            guard open.kind != .directory else { throw .isDirectory }
            guard let offset = Int64(exactly: offset) else { throw .noSuchAddressOrDevice }
            return UInt64(try SystemCall.seek(descriptor, to: offset, from: origin))
        }
    }
}

extension FileInformation {
    init(_ status: FileStatus, attributes: FileAttributes) {
        self.init(
            kind: FileKind(FileTraits.Kind(mode: status.mode)), id: FileID(status),
            permissions: UInt32(status.mode) & 0o7777, linkCount: UInt64(status.linkCount),
            userID: status.user, groupID: status.group, size: status.size,
            allocatedSize: status.blocks &* 512, preferredIOSize: status.blockSize,
            deviceNumber: status.representedDevice.encoded, accessTime: FileTime(status.accessed),
            modificationTime: FileTime(status.modified), changeTime: FileTime(status.changed),
            birthTime: status.created.map { FileTime($0) }, attributes: attributes)
    }
}

extension FileTime {
    init(_ time: FileStatus.Time) {
        self.init(seconds: time.seconds, nanoseconds: time.nanoseconds)
    }
}

extension FileKind {
    /// A type that Linux does not have counts as a regular file, as elsewhere in POSIX.
    init(_ kind: FileTraits.Kind) {
        self =
            switch kind {
            case .regular, .unknown: .regularFile
            case .directory: .directory
            case .symbolicLink: .symbolicLink
            case .fifo: .fifo
            case .socket: .socket
            case .characterDevice: .characterDevice
            case .blockDevice: .blockDevice
            }
    }
}

extension FileAttributes {
    /// The facts that are known and true.
    init(_ traits: FileTraits) {
        let facts: [(Fact, FileAttributes)] = [
            (traits.compressed, .compressed), (traits.encrypted, .encrypted),
            (traits.sparse, .sparse), (traits.swapFile, .paging), (traits.dax, .dax),
            (traits.inlineData, .resident), (traits.immutable, .immutable),
            (traits.appendOnly, .appendOnly), (traits.verity, .verity),
        ]
        self = FileAttributes(facts.filter { $0.0 == .yes }.map(\.1))
    }
}

/// IRP_MJ_QUERY_EA and IRP_MJ_SET_EA.
extension HostFileSystem {
    public func attributeNames(of file: FileObject) throws(IOFailure) -> [[UInt8]] {
        try openFile(file).withDescriptor { (descriptor) throws(Errno) in
            try SystemCall.extendedAttributeNames(of: descriptor)
        }
    }

    /// `ENODATA` without that attribute.
    public func attribute(_ name: [UInt8], of file: FileObject) throws(IOFailure) -> [UInt8] {
        try openFile(file).withDescriptor { (descriptor) throws(Errno) in
            try SystemCall.extendedAttribute(name, of: descriptor)
        }
    }

    public func changeAttribute(
        _ name: [UInt8], of file: FileObject, _ change: ExtendedAttributeChange
    ) throws(IOFailure) {
        try openFile(file).withDescriptor { (descriptor) throws(Errno) in
            switch change {
            case .remove:
                try SystemCall.removeExtendedAttribute(name, of: descriptor)
            case .set(let value, let mustExist, let mustNotExist):
                guard !(mustExist && mustNotExist) else { throw .invalidArgument }
                let mode: SystemCall.AttributeSetMode =
                    mustExist ? .replace : mustNotExist ? .create : .any
                try SystemCall.setExtendedAttribute(name, of: descriptor, to: value, mode)
            }
        }
    }
}
