internal import Glibc
public import IOStack
internal import LinuxKit
internal import SystemPackage

/// The identity under which the host makes a change.
///
/// A change that takes space or makes a name is made as its requestor if the host decides by that:
/// the requestor owns what it makes, needs a place in an idmapped mount, uses its own quota, and
/// gets none of the space that a file system keeps for root. Whether it may make the change was
/// decided before, by a party that knows all its groups. So the process keeps its own rights over
/// files meanwhile.
extension HostFileSystem {
    public func onBehalf<R>(
        of requestor: Requestor, changing file: FileObject,
        _ change: () throws(IOFailure) -> R
    ) throws(IOFailure) -> R {
        try acting(for: requestor, on: try openFile(file), makesNames: false, change)
    }

    func acting<R>(
        for requestor: Requestor, on open: HostOpenFile, makesNames: Bool,
        _ change: () throws(IOFailure) -> R
    ) throws(IOFailure) -> R {
        guard SystemCall.canActForOthers else { return try change() }
        return try SystemCall.acting(
            for: try caller(requestor, on: open), makesNames: makesNames, change)
    }

    /// nil is this process: for a requestor that is no user, and on file systems that another party
    /// judges.
    func caller(
        _ requestor: Requestor, on open: HostOpenFile
    ) throws(IOFailure) -> SystemCall.Caller? {
        guard requestor.mode == .user, try judgesCallers(open) else { return nil }
        return SystemCall.Caller(requestor)
    }

    private func judgesCallers(_ open: HostOpenFile) throws(IOFailure) -> Bool {
        let device = open.id.device
        if device == rootID.device { return rootJudgesCallers }
        if let known = judgingDevices.withLock({ $0[device] }) { return known }
        let judges = try open.withDescriptor { (descriptor) throws(Errno) in
            try Self.judgesCallers(descriptor)
        }
        judgingDevices.withLock { $0[device] = judges }
        return judges
    }

    /// On such file systems another machine or another program decides by all of a user's groups.
    /// They are not known here, so it would refuse what the kernel has allowed.
    static func judgesCallers(_ descriptor: FileDescriptor) throws(Errno) -> Bool {
        let magic = try SystemCall.fileSystemStatus(of: descriptor).magic
        return !FileSystemMagic.elsewhere.contains(magic)
    }
}

extension SystemCall.Caller {
    init(_ requestor: Requestor) {
        self.init(user: requestor.userID, group: requestor.groupID)
    }
}

/// The ownership of files made on behalf of a user.
extension HostFileSystem {
    private static let inheritsGroup: UInt16 = 0o2000
    private static let privilegeBits: UInt16 = 0o6000

    /// Gives a file to its user that this process, running as root, made because the host could not
    /// make it as that user. The file's group is the user's, or the directory's if that has the
    /// set-group-ID bit (inode(7)).
    ///
    /// Until then the file belongs to root, which is stricter. File systems without owners refuse;
    /// there the file stays as it is.
    func giveAway(
        _ opened: OpenedFile, _ parameters: CreateParameters, to requestor: Requestor,
        from base: FileDescriptor
    ) {
        guard opened.wasCreated, requestor.mode == .user, geteuid() == 0,
            let file = opened.context as? HostOpenFile
        else { return }
        // The kernel has done it already, set-group-ID directories included.
        guard requestor.userID != geteuid() || requestor.groupID != getegid() else { return }
        let isInherited = parentHasGroupBit(parameters, from: base)
        try? file.withDescriptor { (descriptor) throws(Errno) in
            let status = try SystemCall.status(of: descriptor)
            let group = isInherited ? status.group : requestor.groupID
            guard status.user != requestor.userID || status.group != group else { return }
            // Not a file of another user, nor a file with other names, that was put in its place.
            guard status.user == geteuid(), file.kind == .directory || status.linkCount <= 1 else {
                return
            }
            try SystemCall.changeOwner(of: descriptor, user: requestor.userID, group: group)
            // A change of a file's owner clears these bits.
            guard status.mode & Self.privilegeBits != 0, file.kind == .regular else { return }
            try SystemCall.changeMode(of: descriptor, to: UInt32(status.mode) & 0o7777)
        }
    }

    private func parentHasGroupBit(
        _ parameters: CreateParameters, from base: FileDescriptor
    ) -> Bool {
        let isUnnamed = parameters.options.contains(.temporary)
        let folder = isUnnamed ? parameters.path : Self.split(parameters.path).directory
        do throws(Errno) {
            let parent = try open(folder, from: base, [.pathOnly, .directory])
            let status = try SystemCall.status(of: parent.descriptor)
            return status.mode & Self.inheritsGroup != 0
        } catch {
            return false
        }
    }
}

/// Applies the requestor's umask.
extension HostFileSystem {
    private static let defaultACL = Array("system.posix_acl_default".utf8)

    /// Takes the umask's bits off the mode of the file to be made, unless the directory has a
    /// default ACL, which then decides what is granted (acl(5)).
    func applyUmask(
        to parameters: inout CreateParameters, from base: FileDescriptor
    ) throws(Errno) {
        guard parameters.disposition.mayCreate, parameters.mode & parameters.umask & 0o777 != 0
        else { return }
        if case .symbolicLink = parameters.kind { return }
        if try hasDefaultACL(directory(of: parameters), from: base) { return }
        parameters.mode &= ~(parameters.umask & 0o777)
    }

    private func directory(of parameters: CreateParameters) -> FilePath {
        parameters.options.contains(.temporary)
            ? parameters.path : Self.split(parameters.path).directory
    }

    private func hasDefaultACL(
        _ directory: FilePath, from base: FileDescriptor
    ) throws(Errno) -> Bool {
        // Usually the directory is open already.
        if directory.isEmpty || directory == "." { return Self.hasDefaultACL(base) }
        let place = try open(directory, from: base, [.pathOnly, .directory])
        return Self.hasDefaultACL(place.descriptor)
    }

    private static func hasDefaultACL(_ directory: FileDescriptor) -> Bool {
        // Without ENODATA or EOPNOTSUPP there is an ACL.
        (try? SystemCall.extendedAttribute(defaultACL, of: directory)) != nil
    }
}
