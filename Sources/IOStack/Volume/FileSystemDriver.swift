public import BypassIOProtocol
public import SystemPackage

/// A file system at the bottom of the filter stack, in NTFS' place.
///
/// It names files and keeps their attributes. The volume and storage stacks below read and write
/// the bytes, at the ``OpenedFile/storage`` that it returned. BypassIO itself (the counts, pauses
/// and drains) belongs to the volume and is the same for every file system; a driver only says
/// which files cannot take part.
///
/// Every function may be called from any thread, several at once. `file.context` is the context
/// that `create` returned.
public protocol FileSystemDriver: AnyObject, Sendable {
    /// The real name, as vetoes carry it, e.g. `ext4`.
    var name: String { get }

    // MARK: Files

    func create(
        _ parameters: CreateParameters, for requestor: Requestor
    ) throws(IOFailure) -> OpenedFile
    /// Whether files can be opened by their identity (``CreateParameters/fileID``), as long as they
    /// exist. The default is no.
    var opensByID: Bool { get }
    /// What another process needs to go on with an open (``CreateParameters/handed``), as long as
    /// this one keeps it. The default, nil: none can.
    func handedOpen(of file: FileObject) -> HandedOpen?
    /// The last handle is gone. The file may still be read by requests in flight.
    func cleanup(_ file: FileObject)
    /// Nothing refers to the file object any more.
    func close(_ file: FileObject)

    // MARK: Information

    func information(of file: FileObject) throws(IOFailure) -> FileInformation
    /// All that `stat` reports and nothing else; `attributes` stays empty.
    func status(of file: FileObject) throws(IOFailure) -> FileInformation
    /// The same of a name in a directory. A link is not followed; "." and ".." are refused with
    /// `EINVAL`.
    func status(
        of name: FilePath.Component, in directory: FileObject
    ) throws(IOFailure) -> FileInformation
    func linkTarget(of file: FileObject) throws(IOFailure) -> [UInt8]
    /// The next data or hole at or after an offset in bytes; `ENXIO` beyond the end.
    func nextData(in file: FileObject, from offset: UInt64) throws(IOFailure) -> UInt64
    func nextHole(in file: FileObject, from offset: UInt64) throws(IOFailure) -> UInt64
    /// `ENOTTY` if the file system has none, which is the default.
    func flags(of file: FileObject, _ form: FileFlags.Form) throws(IOFailure) -> FileFlags
    /// Quotas, owners and the like apply to the requestor, as in ``onBehalf(of:changing:_:)``.
    func apply(
        _ change: FileChange, to file: FileObject, for requestor: Requestor
    ) throws(IOFailure)
    func entries(
        of directory: FileObject, after cookie: UInt64, limit: Int, withInformation: Bool
    ) throws(IOFailure) -> [DirectoryEntry]

    // MARK: Data that is not on its way through read and write

    func flush(_ file: FileObject, dataOnly: Bool) throws(IOFailure)
    func lock(_ file: FileObject, _ lock: FileLock) throws(IOFailure) -> FileLock?

    /// Runs `change`, a change of `file` that takes space, so that the layers below apply the
    /// requestor's limits: quotas, space kept for administrators. `change` calls only the file
    /// system or the storage, on the calling thread. The default just runs it. ``create(_:for:)``
    /// and ``apply(_:to:for:)`` do the same by themselves.
    func onBehalf<R>(
        of requestor: Requestor, changing file: FileObject,
        _ change: () throws(IOFailure) -> R
    ) throws(IOFailure) -> R

    // MARK: Extended attributes; names and values are bytes

    func attributeNames(of file: FileObject) throws(IOFailure) -> [[UInt8]]
    func attribute(_ name: [UInt8], of file: FileObject) throws(IOFailure) -> [UInt8]
    func changeAttribute(
        _ name: [UInt8], of file: FileObject, _ change: ExtendedAttributeChange
    ) throws(IOFailure)

    // MARK: The volume

    /// Of the file system that holds the file. It may be another than the root's, mounted within.
    func volumeInformation(of file: FileObject) throws(IOFailure) -> VolumeInformation

    /// A control code of the file system's own. The default refuses every code with
    /// `NTStatus.invalidDeviceRequest`.
    func control(
        _ parameters: FileSystemControlParameters, on file: FileObject
    ) throws(IOFailure) -> [UInt8]

    /// Starts to watch changes by other processes; nil if they cannot be seen, which is the
    /// default.
    func watchOutsideChanges() -> (any OutsideChangeWatch)?

    /// The present path of an open file from the volume's root. If the file has several names, the
    /// path has one of them, if possible the name by which it was opened.
    /// `NTStatus.objectNameNotFound` if it has no name any more.
    func path(of file: FileObject) throws(IOFailure) -> String

    /// Facts about the file and the storage under it. The default has none.
    func facts(of file: FileObject) -> HostFacts

    // MARK: BypassIO

    /// A veto beyond the attributes of spec 6.1. The default has none.
    func bypassVeto(for file: FileObject) -> StorageVeto?
    /// The attributes that may veto (spec 6.1), asked after ``bypassVeto(for:)`` returned nil. The
    /// default takes those of ``information(of:)``. A driver that has just checked the attributes
    /// returns none.
    func vetoingAttributes(of file: FileObject) throws(IOFailure) -> FileAttributes

    /// Why the kernel may not read for this file object at the moment, for reasons beyond the file.
    /// Asked at each grant. The default has none.
    func kernelReadVeto(for file: FileObject) -> StorageVeto?

    /// Who answers for the kernel's reads if this process dies; nil, the default: nobody.
    var kernelReadGuard: KernelReadGuard? { get }

    /// Makes the door by which the kernel reads the file by itself. `ask` is called for each read
    /// that comes to the closed gate, on threads of the file system, several at once. It may sleep.
    /// It returns nil to let the read pass, or the failure for the program. It is not called any
    /// more once the door is gone.
    ///
    /// With `leavingAccessTimes` reads through the door do not change the file's access time;
    /// without, they do as other reads.
    ///
    /// Throws why there is no door, as the default does.
    func kernelReadDoor(
        for file: FileObject, leavingAccessTimes: Bool,
        asking ask: @escaping @Sendable (KernelRead) -> IOFailure?
    ) throws(StorageVeto) -> any KernelReadDoor

    /// Stops all that happens at the gates of the kernel's reads, which wait there: whatever comes
    /// or is answered is kept, until ``goOnWithKernelReads(isAlone:)`` or another process goes on.
    /// nil, the default: no gate was ever made.
    func haltKernelReads() -> HandedGates?
    /// Ends a halt. What was kept is dealt with.
    ///
    /// - Parameter isAlone: false if another process may have dealt with some of it: reads of which
    ///   nobody knows the end fail.
    ///
    /// Throws `EAGAIN` without a thread.
    func goOnWithKernelReads(isAlone: Bool) throws(IOFailure)
    /// Takes over what another process left, before any door is made here. It stays halted until
    /// ``goOnWithKernelReads(isAlone:)``; dropped before, it leaves the kernel's gates as they are.
    /// The default refuses.
    func adoptKernelReads(_ gates: HandedGates) throws(IOFailure)
    /// As ``kernelReadDoor(for:leavingAccessTimes:asking:)``, for a door that another process made.
    func kernelReadDoor(
        _ handed: HandedDoor, for file: FileObject,
        asking ask: @escaping @Sendable (KernelRead) -> IOFailure?
    ) throws(IOFailure) -> any KernelReadDoor

    /// `count` bytes were written at `offset`, through a file object whose file has bypass enabled.
    /// The driver checks whether a suspension begins (the file became sparse) or ends (the data no
    /// longer lies in the inode). The default does nothing.
    func didWrite(_ file: FileObject, at offset: UInt64, count: Int)

    /// Another process changed a file that has bypass enabled, or may have. The driver acts as in
    /// ``didWrite(_:at:count:)``.
    func didChangeOutside(_ file: FileObject)
}

extension FileSystemDriver {
    public var opensByID: Bool { false }

    public func handedOpen(of file: FileObject) -> HandedOpen? { nil }

    public func flags(
        of file: FileObject, _ form: FileFlags.Form
    ) throws(IOFailure) -> FileFlags {
        throw .noFileFlags
    }

    public func control(
        _ parameters: FileSystemControlParameters, on file: FileObject
    ) throws(IOFailure) -> [UInt8] {
        throw IOFailure(.invalidDeviceRequest)
    }

    public func onBehalf<R>(
        of requestor: Requestor, changing file: FileObject,
        _ change: () throws(IOFailure) -> R
    ) throws(IOFailure) -> R {
        try change()
    }

    /// The path by which the file was opened, for file systems whose names do not change.
    public func path(of file: FileObject) throws(IOFailure) -> String { file.openedPath }

    public func watchOutsideChanges() -> (any OutsideChangeWatch)? { nil }

    public func facts(of file: FileObject) -> HostFacts { .none }

    public func bypassVeto(for file: FileObject) -> StorageVeto? { nil }

    public func vetoingAttributes(of file: FileObject) throws(IOFailure) -> FileAttributes {
        try information(of: file).attributes
    }

    public func kernelReadVeto(for file: FileObject) -> StorageVeto? { nil }

    public var kernelReadGuard: KernelReadGuard? { nil }

    public func kernelReadDoor(
        for file: FileObject, leavingAccessTimes: Bool,
        asking ask: @escaping @Sendable (KernelRead) -> IOFailure?
    ) throws(StorageVeto) -> any KernelReadDoor {
        throw StorageVeto(.notSupported, reason: "No kernel reads files of \(name) itself.")
    }

    public func haltKernelReads() -> HandedGates? { nil }

    public func goOnWithKernelReads(isAlone: Bool) throws(IOFailure) {}

    public func adoptKernelReads(_ gates: HandedGates) throws(IOFailure) {
        throw IOFailure(.notSupported)
    }

    public func kernelReadDoor(
        _ handed: HandedDoor, for file: FileObject,
        asking ask: @escaping @Sendable (KernelRead) -> IOFailure?
    ) throws(IOFailure) -> any KernelReadDoor {
        throw IOFailure(.notSupported)
    }

    public func didWrite(_ file: FileObject, at offset: UInt64, count: Int) {}

    public func didChangeOutside(_ file: FileObject) {}
}
