public import IOStack
internal import LinuxKit
internal import SystemPackage

/// IRP_MJ_CREATE.
///
/// An existing file is first opened with O_PATH, which neither waits nor acts. It is opened for
/// data only if it is a regular file or a directory, and then by that descriptor, never by its name
/// again: whatever has the name by then, only the file that was looked at is opened. So no pipe
/// gets a reader and no device driver is called: pipes, sockets, devices and links (with
/// ``CreateParameters/Options/noFollow``) are handles for names and attributes. Directories skip
/// the detour, because O_DIRECTORY opens nothing else.
extension HostFileSystem {
    /// How often a name may be a link to a name that does not exist, or vanish and appear again.
    private static let attempts = 40

    public func create(
        _ parameters: CreateParameters, for requestor: Requestor
    ) throws(IOFailure) -> OpenedFile {
        if let handed = parameters.handed { return try goOn(with: handed, parameters) }
        if let id = parameters.fileID { return try openNumbered(id, parameters) }
        if let directory = parameters.directory {
            let start = try openFile(directory)
            let caller = parameters.mayMake ? try caller(requestor, on: start) : nil
            return try start.withDescriptor { (base) throws(Errno) in
                if start.kind == .directory {
                    return try opened(by: parameters, for: requestor, as: caller, from: base)
                }
                return try openAgain(start, base, parameters)
            }
        }
        do throws(Errno) {
            let isCaller = requestor.mode == .user && rootJudgesCallers
            return try opened(
                by: parameters, for: requestor, as: isCaller ? .init(requestor) : nil, from: root)
        } catch {
            throw IOFailure(errno: error)
        }
    }

    private func opened(
        by parameters: CreateParameters, for requestor: Requestor, as caller: SystemCall.Caller?,
        from base: FileDescriptor
    ) throws(Errno) -> OpenedFile {
        guard parameters.mayMake else { return try opened(by: parameters, from: base) }
        var parameters = parameters
        try applyUmask(to: &parameters, from: base)
        let opened = try SystemCall.acting(for: caller, makesNames: true) {
            () throws(Errno) -> OpenedFile in
            try self.opened(by: parameters, from: base)
        }
        if caller == nil { giveAway(opened, parameters, to: requestor, from: base) }
        return opened
    }

    private func opened(
        by parameters: CreateParameters, from base: FileDescriptor
    ) throws(Errno) -> OpenedFile {
        if parameters.options.contains(.temporary) {
            return try makeTemporary(parameters, from: base)
        }
        guard parameters.disposition.mayCreate else {
            return try openExisting(parameters.path, parameters, from: base)
        }
        switch parameters.kind {
        case .any, .regularFile:
            return try makeFile(parameters, from: base)
        case .directory:
            guard !parameters.disposition.truncates else { throw .isDirectory }
        case .symbolicLink, .special:
            guard !parameters.disposition.truncates else { throw .invalidArgument }
        }
        do {
            return try makeNode(parameters, from: base)
        } catch {
            guard error == .fileExists, parameters.disposition == .openIf else { throw error }
        }
        return try openExisting(parameters.path, parameters, from: base)
    }

    // MARK: What exists

    private func openExisting(
        _ path: FilePath, _ parameters: CreateParameters, from base: FileDescriptor
    ) throws(Errno) -> OpenedFile {
        if let directory = openAtOnce(path, parameters, from: base) { return directory }
        var flags = OpenFlags.pathOnly
        if parameters.options.contains(.noFollow) { flags.insert(.noFollow) }
        switch parameters.kind {
        case .any, .regularFile: break
        case .directory: flags.insert(.directory)
        case .symbolicLink, .special: flags.insert(.noFollow)
        }
        let place = try open(path, from: base, flags)
        return try entered(place, parameters)
    }

    /// A directory, with one open instead of two. Returns nil for every other file and every error:
    /// the careful way finds and reports the cause.
    private func openAtOnce(
        _ path: FilePath, _ parameters: CreateParameters, from base: FileDescriptor
    ) -> OpenedFile? {
        guard case .directory = parameters.kind, !parameters.isAttributesOnly,
            !parameters.disposition.truncates
        else { return nil }
        var flags = parameters.dataFlags(for: .directory)
        if parameters.options.contains(.noFollow) { flags.insert(.noFollow) }
        do throws(Errno) {
            let directory = try open(path, from: base, flags)
            let status = try SystemCall.status(of: directory.descriptor)
            flags.remove(.noFollow)
            return finish(directory, status, flags, parameters, wasCreated: false)
        } catch {
            return nil
        }
    }

    /// Goes on from an O_PATH descriptor to one for data, if the file has data.
    ///
    /// - Parameter made: the kind of file that this request has made there.
    private func entered(
        _ place: consuming OwnedDescriptor, _ parameters: CreateParameters,
        made: FileTraits.Kind? = nil
    ) throws(Errno) -> OpenedFile {
        let status = try SystemCall.status(of: place.descriptor)
        let kind = FileTraits.Kind(mode: status.mode)
        try check(kind, against: parameters.kind)
        // Another program has put another file there.
        if let made, made != kind { throw .staleNFSFileHandle }
        let wasCreated = made != nil
        let hasData = kind == .regular || kind == .directory
        if parameters.isAttributesOnly || !hasData {
            guard !parameters.disposition.truncates else { throw .invalidArgument }
            return finish(place, status, .pathOnly, parameters, wasCreated: wasCreated)
        }
        var flags = parameters.dataFlags(for: kind)
        let truncates: OpenFlags = parameters.disposition.truncates ? .truncate : []
        let data = try reopen(place.descriptor, &flags, once: truncates)
        return finish(data, status, flags, parameters, wasCreated: wasCreated)
    }

    private func check(
        _ found: FileTraits.Kind, against wanted: CreateParameters.Kind
    ) throws(Errno) {
        switch wanted {
        case .any: return
        case .directory:
            guard found == .directory else { throw .notDirectory }
        case .regularFile:
            if found == .directory { throw .isDirectory }
            if found == .symbolicLink { throw .tooManySymbolicLinkLevels }
            guard found == .regular else { throw .invalidArgument }
        case .symbolicLink:
            guard found == .symbolicLink else { throw .fileExists }
        case .special:
            let isSpecial = found != .directory && found != .symbolicLink
            guard isSpecial else { throw .fileExists }
        }
    }

    /// O_NOATIME is for owners. For others it is a wish, and is not in `flags` afterwards.
    private func reopen(
        _ descriptor: FileDescriptor, _ flags: inout OpenFlags, once further: OpenFlags
    ) throws(Errno) -> OwnedDescriptor {
        do {
            return try SystemCall.reopen(descriptor, flags.union(further), among: ownLinks)
        } catch {
            guard error == .notPermitted, flags.contains(.noAccessTime) else { throw error }
        }
        flags.remove(.noAccessTime)
        return try SystemCall.reopen(descriptor, flags.union(further), among: ownLinks)
    }

    /// Opens the same file again, by its descriptor: it may have lost its name.
    private func openAgain(
        _ start: HostOpenFile, _ base: FileDescriptor, _ parameters: CreateParameters
    ) throws(Errno) -> OpenedFile {
        guard parameters.path.isEmpty, !parameters.options.contains(.temporary) else {
            throw .notDirectory
        }
        guard parameters.disposition != .create else { throw .fileExists }
        // An O_PATH descriptor is duplicated; the link of a descriptor for data gives an O_PATH
        // one.
        let place =
            start.isPathOnly
            ? try SystemCall.duplicate(base) : try SystemCall.reopen(base, .pathOnly)
        return try entered(place, parameters)
    }

    // MARK: By number

    /// With the right to find files by number (root; ext4, xfs, btrfs and the like).
    public var opensByID: Bool { numberedFiles != nil }

    private func openNumbered(
        _ id: FileID, _ parameters: CreateParameters
    ) throws(IOFailure) -> OpenedFile {
        do throws(Errno) {
            guard id.device == rootID.device, let numberedFiles else { throw .staleNFSFileHandle }
            guard parameters.disposition != .create else { throw .fileExists }
            let place = try numberedFiles.open(id.inode)
            let status = try SystemCall.status(of: place.descriptor)
            guard FileID(status) == id else { throw .staleNFSFileHandle }
            // A caller with a number from elsewhere must not leave the tree by it. Of a file that
            // the kernel has only just read, it cannot be told where it lies.
            if FileTraits.Kind(mode: status.mode) == .directory, id != rootID {
                do { _ = try pathFromRoot(of: place.descriptor) } catch {
                    throw .staleNFSFileHandle
                }
            }
            return try entered(place, parameters)
        } catch {
            throw IOFailure(errno: error)
        }
    }

    // MARK: What is made

    private func makeFile(
        _ parameters: CreateParameters, from base: FileDescriptor
    ) throws(Errno) -> OpenedFile {
        var path = parameters.path
        for _ in 0..<Self.attempts {
            if parameters.disposition != .create {
                do {
                    return try openExisting(path, parameters, from: base)
                } catch {
                    guard error == .noSuchFileOrDirectory else { throw error }
                }
            }
            do {
                return try makeNewFile(path, parameters, from: base)
            } catch {
                guard error == .fileExists, parameters.disposition != .create else { throw error }
            }
            // Another process made it meanwhile. Or the name is a link to a name that does not
            // exist; then that name is made, as open(2) does.
            if let target = linkTarget(at: path, from: base) {
                path = path.removingLastComponent().pushing(target)
            }
        }
        throw .tooManySymbolicLinkLevels
    }

    private func linkTarget(at path: FilePath, from base: FileDescriptor) -> FilePath? {
        do throws(Errno) {
            let place = try open(path, from: base, [.pathOnly, .noFollow])
            let status = try SystemCall.status(of: place.descriptor)
            guard FileTraits.Kind(mode: status.mode) == .symbolicLink else { return nil }
            return FilePath(bytes: try SystemCall.readLink("", at: place.descriptor))
        } catch {
            return nil
        }
    }

    private func makeNewFile(
        _ path: FilePath, _ parameters: CreateParameters, from base: FileDescriptor
    ) throws(Errno) -> OpenedFile {
        if parameters.isAttributesOnly {
            let (folder, name) = Self.split(path)
            let parent = try open(folder, from: base, [.pathOnly, .directory])
            try SystemCall.makeNode(
                name, at: parent.descriptor, mode: 0o100000 | parameters.mode & 0o7777)
            return try enterNew(name, in: parent, parameters, .regular)
        }
        // With O_EXCL no existing file is opened, so nothing can be waited for.
        let flags = parameters.dataFlags(for: .regular).union([.create, .exclusive])
        let file = try open(path, from: base, flags, mode: parameters.mode & 0o7777)
        let status = try SystemCall.status(of: file.descriptor)
        return finish(file, status, flags, parameters, wasCreated: true)
    }

    private func makeTemporary(
        _ parameters: CreateParameters, from base: FileDescriptor
    ) throws(Errno) -> OpenedFile {
        let flags = parameters.dataFlags(for: .regular).union(.unnamed)
        let file = try open(parameters.path, from: base, flags, mode: parameters.mode & 0o7777)
        let status = try SystemCall.status(of: file.descriptor)
        return finish(file, status, flags, parameters, wasCreated: true)
    }

    /// Directories, symbolic links and special files.
    private func makeNode(
        _ parameters: CreateParameters, from base: FileDescriptor
    ) throws(Errno) -> OpenedFile {
        let (folder, name) = Self.split(parameters.path)
        let parent = try open(folder, from: base, [.pathOnly, .directory])
        let made: FileTraits.Kind
        switch parameters.kind {
        case .any, .regularFile: throw .invalidArgument
        case .directory:
            made = .directory
            try SystemCall.makeDirectory(
                name, at: parent.descriptor, mode: parameters.mode & 0o7777)
        case .symbolicLink(let target):
            made = .symbolicLink
            try SystemCall.makeSymbolicLink(to: target, named: name, at: parent.descriptor)
        case .special(let device):
            // Without a type mknod(2) makes a regular file.
            let type = UInt16(truncatingIfNeeded: parameters.mode) & 0o170000
            made = type == 0 ? .regular : FileTraits.Kind(mode: type)
            try SystemCall.makeNode(
                name, at: parent.descriptor, mode: parameters.mode,
                device: DeviceNumber(encoded: device))
        }
        return try enterNew(name, in: parent, parameters, made)
    }

    private func enterNew(
        _ name: FilePath, in parent: borrowing OwnedDescriptor, _ parameters: CreateParameters,
        _ made: FileTraits.Kind
    ) throws(Errno) -> OpenedFile {
        let place = try SystemCall.open(
            name, beneath: parent.descriptor, [.pathOnly, .noFollow])
        return try entered(place, parameters, made: made)
    }

    // MARK: The answer

    private func finish(
        _ descriptor: consuming OwnedDescriptor, _ status: FileStatus, _ flags: OpenFlags,
        _ parameters: CreateParameters, wasCreated: Bool
    ) -> OpenedFile {
        let kind = FileTraits.Kind(mode: status.mode)
        let id = FileID(status)
        // An open that may make a file is done as its requestor; every other as this process.
        let mayShare =
            !parameters.mayMake && !parameters.access.contains(.write) && kind == .regular
            && !flags.contains(.pathOnly) && status.mountID == rootMountID
        let file = HostOpenFile(
            descriptor, id: id, kind: kind, flags, sharing: mayShare ? descriptions : nil)
        return opened(file, status, parameters, wasCreated: wasCreated)
    }

    func opened(
        _ file: HostOpenFile, _ status: FileStatus, _ parameters: CreateParameters,
        wasCreated: Bool
    ) -> OpenedFile {
        let isAligned = file.storage != nil && parameters.options.contains(.nonCached)
        var opened = OpenedFile(
            id: file.id, kind: streamKind(file.kind, file.id),
            birthTime: status.created.map { FileTime($0) }, storage: file.storage,
            offsetAlignment: isAligned ? readAlignment(of: status) : 1, wasCreated: wasCreated,
            context: file)
        opened.linkCount = UInt64(status.linkCount)
        return opened
    }

    private func streamKind(_ kind: FileTraits.Kind, _ id: FileID) -> StreamKind {
        switch kind {
        case .directory: id == rootID ? .volume : .directory
        case .regular: .file
        default: .other
        }
    }

    /// Offsets and lengths of direct reads must be multiples of this, in bytes: the file system's
    /// value, otherwise the disks' logical block, otherwise 4096. It is the largest power of 2 that
    /// divides the value, because XFS may name an allocation unit that is none; the kernel checks
    /// the rest.
    private func readAlignment(of status: FileStatus) -> UInt32 {
        var bytes = UInt32(clamping: topology.logicalBlockSize ?? DirectIOAlignment.fallback)
        if let told = status.directIO, told.offset > 0 { bytes = told.readOffset ?? told.offset }
        return bytes == 0 ? 1 : bytes & (~bytes &+ 1)
    }
}

extension CreateParameters {
    fileprivate var mayMake: Bool { disposition.mayCreate || options.contains(.temporary) }

    /// The open wants neither to read nor to write.
    fileprivate var isAttributesOnly: Bool {
        options.contains(.attributesOnly) || access.isEmpty
    }

    /// Access mode and status flags for open(2).
    fileprivate func dataFlags(for kind: FileTraits.Kind) -> OpenFlags {
        var flags: OpenFlags =
            switch (access.contains(.read), access.contains(.write)) {
            case (true, true): .readWrite
            case (false, true): .writeOnly
            default: .readOnly
            }
        guard kind == .regular else { return flags.union(.directory) }
        if options.contains(.nonCached) { flags.insert(.direct) }
        if options.contains(.append) { flags.insert(.append) }
        if options.contains(.writeThrough) { flags.insert(.sync) }
        if options.contains(.noAccessTime) { flags.insert(.noAccessTime) }
        return flags
    }
}
