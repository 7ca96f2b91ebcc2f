internal import BypassIOProtocol
internal import CKernelABI
public import IOStack
internal import LinuxKit
internal import SystemPackage

/// IRP_MJ_SET_INFORMATION.
extension HostFileSystem {
    public func apply(
        _ change: FileChange, to file: FileObject, for requestor: Requestor
    ) throws(IOFailure) {
        let open = try openFile(file)
        if change.takesNothing {
            try carryOut(change, on: open)
        } else {
            try acting(for: requestor, on: open, makesNames: change.makesNames) {
                () throws(IOFailure) in
                try carryOut(change, on: open)
            }
        }
        // As this process itself: the review may wait for reads and ask filters.
        if change.movesBytes { reviewSuspensions(of: file) }
    }

    private func carryOut(
        _ change: FileChange, on open: HostOpenFile
    ) throws(IOFailure) {
        switch change {
        case .permissions(let mode):
            try open.withDescriptor { (descriptor) throws(Errno) in
                try SystemCall.changeMode(of: descriptor, to: mode & 0o7777)
            }
        case .owner(let user, let group):
            try open.withDescriptor { (descriptor) throws(Errno) in
                try SystemCall.changeOwner(of: descriptor, user: user, group: group)
            }
        case .times(let access, let modification):
            try open.withDescriptor { (descriptor) throws(Errno) in
                try SystemCall.changeTimes(
                    of: descriptor, accessed: SystemCall.TimeChange(access),
                    modified: SystemCall.TimeChange(modification))
            }
        case .endOfFile(let size): try changeSize(of: open, to: size)
        case .allocation(let allocation, let offset, let length):
            try allocate(open, allocation, offset: offset, length: length)
        case .attributes(let set, let cleared):
            try changeAttributes(of: open, set: set, cleared: cleared)
        case .flags(let flags): try changeFlags(of: open, to: flags)
        case .rename(let source, let target, in: let directory, let flags):
            try rename(open, source, to: target, in: directory, flags)
        case .link(let name, in: let directory):
            try link(open, as: name, in: directory)
        case .unlink(let name, let isDirectory):
            try unlink(name, from: open, isDirectory: isDirectory)
        }
    }

    // MARK: Sizes

    private func changeSize(of open: HostOpenFile, to size: UInt64) throws(IOFailure) {
        try open.withDescriptor { (descriptor) throws(Errno) in
            guard let size = Int64(exactly: size) else { throw .fileTooLarge }
            guard open.isPathOnly else { return try SystemCall.truncate(descriptor, to: size) }
            // truncate(2) needs no open for writing, only the right to write.
            guard open.kind == .regular else {
                throw open.kind == .directory ? .isDirectory : .invalidArgument
            }
            try SystemCall.truncateByName(descriptor, to: size)
        }
    }

    private func allocate(
        _ open: HostOpenFile, _ allocation: FileChange.Allocation, offset: UInt64, length: UInt64
    ) throws(IOFailure) {
        let mode: SystemCall.AllocationMode =
            switch allocation {
            case .extend: []
            case .keepSize: .keepSize
            case .punchHole: [.punchHole, .keepSize]
            case .zeroRange: .zeroRange
            case .zeroRangeKeepingSize: [.zeroRange, .keepSize]
            case .collapseRange: .collapseRange
            case .insertRange: .insertRange
            }
        try open.withDescriptor { (descriptor) throws(Errno) in
            guard let offset = Int64(exactly: offset), let length = Int64(exactly: length) else {
                throw .fileTooLarge
            }
            try SystemCall.allocate(descriptor, mode, offset: offset, length: length)
        }
    }

    // MARK: Names

    private func rename(
        _ source: HostOpenFile, _ name: FilePath.Component, to newName: FilePath.Component,
        in directory: FileObject, _ flags: FileChange.RenameFlags
    ) throws(IOFailure) {
        let target = try openDirectory(directory)
        try source.withDescriptor { (from) throws(Errno) in
            guard source.kind == .directory else { throw .notDirectory }
            try Self.within(target) { (to) throws(Errno) in
                try SystemCall.rename(
                    FilePath(root: nil, components: name), at: from,
                    to: FilePath(root: nil, components: newName), at: to,
                    flags: SystemCall.RenameFlags(rawValue: flags.rawValue))
            }
        }
    }

    private func link(
        _ open: HostOpenFile, as name: FilePath.Component, in directory: FileObject
    ) throws(IOFailure) {
        let target = try openDirectory(directory)
        try open.withDescriptor { (descriptor) throws(Errno) in
            // The magic link would give ENOENT or EXDEV; link(2) gives EPERM.
            guard open.kind != .directory else { throw .notPermitted }
            try Self.within(target) { (to) throws(Errno) in
                try SystemCall.link(descriptor, to: FilePath(root: nil, components: name), at: to)
            }
        }
    }

    private func unlink(
        _ name: FilePath.Component, from open: HostOpenFile, isDirectory: Bool
    ) throws(IOFailure) {
        try open.withDescriptor { (descriptor) throws(Errno) in
            guard open.kind == .directory else { throw .notDirectory }
            try SystemCall.unlink(
                FilePath(root: nil, components: name), at: descriptor, isDirectory: isDirectory)
        }
    }

    /// Lends a second descriptor beside the one already lent.
    private static func within(
        _ open: HostOpenFile, _ body: (FileDescriptor) throws(Errno) -> Void
    ) throws(Errno) {
        do throws(IOFailure) {
            try open.withDescriptor(body)
        } catch {
            throw error.errno
        }
    }
}

extension FileChange {
    /// The change takes neither space nor a place for a name.
    fileprivate var takesNothing: Bool {
        switch self {
        case .times, .unlink: true
        default: false
        }
    }

    fileprivate var makesNames: Bool {
        switch self {
        case .rename, .link: true
        default: false
        }
    }

    /// The file's data may lie elsewhere, or have another form, afterwards.
    fileprivate var movesBytes: Bool {
        switch self {
        case .endOfFile, .allocation, .attributes, .flags: true
        default: false
        }
    }
}

extension SystemCall.TimeChange {
    init(_ change: FileChange.TimeChange?) {
        self =
            switch change {
            case nil: .keep
            case .now: .now
            case .to(let time):
                .set(FileStatus.Time(seconds: time.seconds, nanoseconds: time.nanoseconds))
            }
    }
}

/// The flags that lsattr(1) shows and chattr(1) changes.
extension HostFileSystem {
    public func flags(
        of file: FileObject, _ form: FileFlags.Form
    ) throws(IOFailure) -> FileFlags {
        try openFile(file).withDescriptor { (descriptor) throws(Errno) in
            switch form {
            case .inode: .inode(try SystemCall.inodeFlags(of: descriptor).rawValue)
            case .extended:
                .extended(ExtendedFileFlags(try SystemCall.extendedAttributes(of: descriptor)))
            case .generation: .generation(try SystemCall.inodeGeneration(of: descriptor))
            }
        }
    }

    /// ``NTStatus/notSupported`` for flags that cannot be set.
    func changeFlags(of open: HostOpenFile, to flags: FileFlags) throws(IOFailure) {
        if case .generation = flags { throw IOFailure(.notSupported) }
        try open.withDescriptor { (descriptor) throws(Errno) in
            switch flags {
            case .inode(let bits):
                try SystemCall.setInodeFlags(of: descriptor, to: InodeFlags(rawValue: bits))
            case .extended(let extended):
                try SystemCall.setExtendedAttributes(of: descriptor, to: extended.raw)
            case .generation: break
            }
        }
    }
}

extension ExtendedFileFlags {
    fileprivate init(_ raw: bpio_fsxattr) {
        self.init(
            flags: raw.fsx_xflags, extentSize: raw.fsx_extsize, extentCount: raw.fsx_nextents,
            projectID: raw.fsx_projid, copyOnWriteExtentSize: raw.fsx_cowextsize)
    }

    fileprivate var raw: bpio_fsxattr {
        var raw = bpio_fsxattr()
        raw.fsx_xflags = flags
        raw.fsx_extsize = extentSize
        raw.fsx_nextents = extentCount
        raw.fsx_projid = projectID
        raw.fsx_cowextsize = copyOnWriteExtentSize
        return raw
    }
}
