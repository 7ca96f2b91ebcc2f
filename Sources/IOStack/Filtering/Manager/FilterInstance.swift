public import BypassIOProtocol
import Synchronization

/// A filter attached to a volume (`PFLT_INSTANCE`). It also carries what Windows passes beside the
/// callback data in `FLT_RELATED_OBJECTS`: the filter and the volume. The file object is the
/// request's.
public final class FilterInstance: Sendable {
    public let filter: Minifilter
    public let volume: Volume
    public let altitude: Altitude
    /// Unique on the volume.
    public let name: String

    /// Each request holds it between a pre callback and its post callback.
    let rundown = RundownGate()
    let owed = OwedPostOperations()
    let contexts = ContextTable()
    /// Vetoes that stand for the filter.
    let withdrawn = WithdrawnBypass()
    /// Lock order: a leaf.
    let hasLetBypassGo = Guarded(false)
    private let preCallbacks = Atomic<UInt64>(0)
    private let postCallbacks = Atomic<UInt64>(0)
    let times = CallbackTimes()

    init(filter: Minifilter, volume: Volume, altitude: Altitude, name: String) {
        self.filter = filter
        self.volume = volume
        self.altitude = altitude
        self.name = name
    }

    /// True until a detach begins.
    public var isAttached: Bool { !rundown.isClosed }

    /// Requests within the instance now: between a pre callback and its post callback, or kept by
    /// the filter. A detach waits for those that it cannot take the post callback from.
    public var requestsWithin: Int { rundown.count }

    /// How often callbacks ran since the instance was attached.
    public var callbacksRun: (pre: UInt64, post: UInt64) {
        (preCallbacks.load(ordering: .relaxed), postCallbacks.load(ordering: .relaxed))
    }

    /// How long callbacks took while they were timed (``Volume/timeCallbacks(_:)``): the callbacks
    /// themselves, not what a filter does with a request that it keeps.
    public var callbackTimes: LatencyReport { times.report }

    /// The same for callbacks of one function.
    public func callbackTimes(of function: MajorFunction) -> LatencyReport {
        times.report(of: function)
    }

    func countPreCallback() { preCallbacks.wrappingAdd(1, ordering: .relaxed) }
    func countPostCallback() { postCallbacks.wrappingAdd(1, ordering: .relaxed) }
}

// MARK: Contexts

extension FilterInstance {
    /// An object that takes contexts.
    public enum ContextTarget: Sendable {
        case volume
        case instance
        /// The file that the stream belongs to.
        case file(Stream)
        case stream(Stream)
        case streamHandle(FileObject)

        public var kind: ContextKind {
            switch self {
            case .volume: .volume
            case .instance: .instance
            case .file: .file
            case .stream: .stream
            case .streamHandle: .streamHandle
            }
        }
    }

    /// The filter's context on `target`, or nil (`FltGetStreamContext` and its like).
    public func context(on target: ContextTarget) -> (any FilterContext)? {
        withTable(of: target) { $0.get($1) }
    }

    /// Sets the filter's context on `target` (`FltSetStreamContext` and its like) and returns the
    /// earlier one, which stays with ``SetContextOperation/keepIfExists``.
    ///
    /// Throws `NTStatus.fltContextAllocationNotFound` if the filter did not register that kind,
    /// `NTStatus.fltDeletingObject` if the instance is being detached, and `NTStatus.notSupported`
    /// for a closed file object whose cleanup is over.
    @discardableResult
    public func setContext(
        _ context: any FilterContext, on target: ContextTarget,
        _ operation: SetContextOperation = .replaceIfExists
    ) throws(NTStatus) -> (any FilterContext)? {
        guard filter.registration.contexts.contains(target.kind) else {
            throw .fltContextAllocationNotFound
        }
        guard rundown.enter() else { throw .fltDeletingObject }
        defer { rundown.leave() }
        guard case .streamHandle(let file) = target else {
            return withTable(of: target) { $0.set(context, for: $1, operation) }
        }
        // Retained, so that the file object's last close cannot forget its contexts before this one
        // is set.
        guard file.retain(for: self) else { throw .notSupported }
        defer { file.release() }
        return withTable(of: target) { $0.set(context, for: $1, operation) }
    }

    /// Takes the filter's context off `target` and returns it (`FltDeleteContext`).
    @discardableResult
    public func deleteContext(on target: ContextTarget) -> (any FilterContext)? {
        withTable(of: target) { $0.remove($1) }
    }

    /// Finds the table and the key of the context of `target`.
    private func withTable(
        of target: ContextTarget,
        _ body: (borrowing ContextTable, ContextTable.Key) -> (any FilterContext)?
    ) -> (any FilterContext)? {
        let me = ObjectIdentifier(self)
        switch target {
        case .volume:
            return body(volume.contexts, ContextTable.Key(owner: ObjectIdentifier(filter)))
        case .instance:
            return body(contexts, ContextTable.Key(owner: me))
        case .file(let stream):
            return body(stream.contexts, ContextTable.Key(owner: me, isOfFile: true))
        case .stream(let stream):
            return body(stream.contexts, ContextTable.Key(owner: me))
        case .streamHandle(let file):
            return body(
                file.stream.contexts,
                ContextTable.Key(owner: me, fileObject: ObjectIdentifier(file)))
        }
    }
}

/// I/O of a filter's own (`FltReadFile` and its like). It enters below this instance, so only lower
/// filters and the file system see it, and it always takes the traditional route. It runs on behalf
/// of the filter, not of the file's opener, unless another requestor is named.
///
/// Each call fails with STATUS_FLT_DELETING_OBJECT once the instance is being detached, with
/// STATUS_INVALID_PARAMETER for a file object of another volume, and with STATUS_FILE_CLOSED once
/// the cleanup of the file object is over. Any thread; the call returns when the request is done.
extension FilterInstance {
    /// `FltReadFile`: reads up to `length` bytes at `offset` into the start of `buffer`; returns
    /// the bytes read. As ``FileObject/read(at:length:into:requestor:)``.
    public func read(
        _ file: FileObject, at offset: UInt64, length: Int, into buffer: any IOBuffer
    ) throws(IOFailure) -> Int {
        guard length >= 0, length <= buffer.capacity else { throw IOFailure(.invalidParameter) }
        let answer = try send(.read(offset: offset, length: length), file, buffer)
        return min(max(answer.ioStatus.information, 0), length)
    }

    /// `FltWriteFile`: writes the first `length` bytes of `buffer` at `offset`; returns the bytes
    /// written. A filter that carries out a request in place of the layers below names its
    /// requestor, whose quotas then apply.
    @discardableResult
    public func write(
        _ file: FileObject, at offset: UInt64, length: Int, from buffer: any IOBuffer,
        requestor: Requestor = .kernel
    ) throws(IOFailure) -> Int {
        guard length >= 0, length <= buffer.capacity else { throw IOFailure(.invalidParameter) }
        let answer = try send(
            .write(offset: offset, length: length), file, buffer, for: requestor)
        return min(max(answer.ioStatus.information, 0), length)
    }

    /// `FltCreateFile`: opens or makes a file. All requests about the file object, its cleanup and
    /// close included, enter below this instance, too. Layers above never hear of it.
    ///
    /// The filter closes the file object, at the latest in its teardown: a volume with open files
    /// is not dismounted.
    public func open(_ parameters: CreateParameters) throws(IOFailure) -> FileObject {
        guard rundown.enter() else { throw IOFailure(.fltDeletingObject) }
        defer { rundown.leave() }
        return try volume.open(parameters, requestor: .kernel, below: self)
    }

    /// `FltQueryInformationFile`. The answer has the case that belongs to `query`, unless a filter
    /// below answered otherwise.
    public func query(
        _ query: InformationQuery, of file: FileObject
    ) throws(IOFailure) -> IOResult {
        try send(.queryInformation(query), file, nil).result
    }

    /// All that `stat` reports, and the attributes that BypassIO asks for.
    public func information(of file: FileObject) throws(IOFailure) -> FileInformation {
        guard case .information(let information) = try query(.all, of: file) else {
            throw IOFailure(.invalidDeviceRequest)
        }
        return information
    }

    /// `FltSetInformationFile`: one change of a file or of a name. A requestor as for a write.
    public func apply(
        _ change: FileChange, to file: FileObject, requestor: Requestor = .kernel
    ) throws(IOFailure) {
        _ = try send(.setInformation(change), file, nil, for: requestor)
    }

    /// `FltQueryDirectoryFile`: as ``FileObject/entries(after:limit:withInformation:requestor:)``.
    public func entries(
        of directory: FileObject, after cookie: UInt64, limit: Int, withInformation: Bool = false
    ) throws(IOFailure) -> [DirectoryEntry] {
        let answer = try send(
            .directoryControl(cookie: cookie, limit: limit, withInformation: withInformation),
            directory, nil)
        guard case .entries(let entries) = answer.result else {
            throw IOFailure(.invalidDeviceRequest)
        }
        return entries
    }

    /// `FltQueryEaFile`: the names of a file's extended attributes.
    public func attributeNames(of file: FileObject) throws(IOFailure) -> [[UInt8]] {
        guard case .names(let names) = try send(.queryEA(.names), file, nil).result else {
            throw IOFailure(.invalidDeviceRequest)
        }
        return names
    }

    /// `FltQueryEaFile`: the value of an extended attribute; `ENODATA` without it.
    public func attribute(
        _ name: [UInt8], of file: FileObject
    ) throws(IOFailure) -> [UInt8] {
        guard case .bytes(let value) = try send(.queryEA(.value(name: name)), file, nil).result
        else { throw IOFailure(.invalidDeviceRequest) }
        return value
    }

    /// `FltFlushBuffers`. `dataOnly` leaves out what is not needed to read the data back.
    public func flush(_ file: FileObject, dataOnly: Bool = false) throws(IOFailure) {
        _ = try send(.flushBuffers(dataOnly: dataOnly), file, nil)
    }

    private func send(
        _ parameters: IOParameters, _ file: FileObject, _ buffer: (any IOBuffer)?,
        for requestor: Requestor = .kernel
    ) throws(IOFailure) -> (result: IOResult, ioStatus: IOStatusBlock) {
        guard file.volume === volume else { throw IOFailure(.invalidParameter) }
        guard rundown.enter() else { throw IOFailure(.fltDeletingObject) }
        defer { rundown.leave() }
        return try file.request(parameters, buffer: buffer, requestor: requestor, below: self)
    }
}
