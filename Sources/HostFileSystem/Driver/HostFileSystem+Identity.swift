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
