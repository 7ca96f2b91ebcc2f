import BypassIOProtocol

/// I/O of a filter's own (`FltReadFile` and its like). It enters below this instance, so only lower
/// filters and the file system see it, and it always takes the traditional route. It runs on behalf
/// of the filter, not of the file's opener.
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
    /// written.
    @discardableResult
    public func write(
        _ file: FileObject, at offset: UInt64, length: Int, from buffer: any IOBuffer
    ) throws(IOFailure) -> Int {
        guard length >= 0, length <= buffer.capacity else { throw IOFailure(.invalidParameter) }
        let answer = try send(.write(offset: offset, length: length), file, buffer)
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

    /// `FltSetInformationFile`: one change of a file or of a name.
    public func apply(_ change: FileChange, to file: FileObject) throws(IOFailure) {
        _ = try send(.setInformation(change), file, nil)
    }

    /// `FltFlushBuffers`. `dataOnly` leaves out what is not needed to read the data back.
    public func flush(_ file: FileObject, dataOnly: Bool = false) throws(IOFailure) {
        _ = try send(.flushBuffers(dataOnly: dataOnly), file, nil)
    }

    private func send(
        _ parameters: IOParameters, _ file: FileObject, _ buffer: (any IOBuffer)?
    ) throws(IOFailure) -> (result: IOResult, ioStatus: IOStatusBlock) {
        guard file.volume === volume else { throw IOFailure(.invalidParameter) }
        guard rundown.enter() else { throw IOFailure(.fltDeletingObject) }
        defer { rundown.leave() }
        return try file.request(parameters, buffer: buffer, requestor: .kernel, below: self)
    }
}
