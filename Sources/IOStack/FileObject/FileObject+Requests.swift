import BypassIOProtocol

/// Everything a file object can be asked beside data and controls; each is one request through the
/// stack, so filters see it and may change or refuse it.
extension FileObject {
    /// Sends one request from the top of the stack; throws what it failed with.
    @discardableResult
    func request(
        _ parameters: IOParameters, buffer: (any IOBuffer)? = nil, requestor: Requestor? = nil,
        below instance: FilterInstance? = nil
    ) throws(IOFailure) -> (result: IOResult, information: Int) {
        guard retain() else { throw IOFailure(.fileClosed) }
        defer { release() }
        let data = CallbackData(
            parameters, fileObject: self, requestor: requestor ?? self.requestor, buffer: buffer)
        if instance != nil { data.flags.insert(.generatedIO) }
        volume.carry(data, below: instance)
        if let failure = data.ioStatus.failure { throw failure }
        return (data.result, data.ioStatus.information)
    }

    public func information() throws(IOFailure) -> FileInformation {
        guard case .information(let information) = try request(.queryInformation(.all)).result
        else { throw IOFailure(.invalidDeviceRequest) }
        return information
    }

    /// The bytes that a symbolic link, opened with ``CreateParameters/Options/noFollow``, holds.
    public func linkTarget() throws(IOFailure) -> [UInt8] {
        guard case .linkTarget(let target) = try request(.queryInformation(.linkTarget)).result
        else { throw IOFailure(.invalidDeviceRequest) }
        return target
    }

    /// The next data at or after `offset` bytes (`SEEK_DATA`).
    public func nextData(from offset: UInt64) throws(IOFailure) -> UInt64 {
        try offsetAnswer(to: .nextData(from: offset))
    }

    /// The next hole at or after `offset` bytes (`SEEK_HOLE`).
    public func nextHole(from offset: UInt64) throws(IOFailure) -> UInt64 {
        try offsetAnswer(to: .nextHole(from: offset))
    }

    private func offsetAnswer(to query: InformationQuery) throws(IOFailure) -> UInt64 {
        guard case .offset(let offset) = try request(.queryInformation(query)).result else {
            throw IOFailure(.invalidDeviceRequest)
        }
        return offset
    }

    public func apply(_ change: FileChange) throws(IOFailure) {
        try request(.setInformation(change))
    }

    /// Up to `limit` entries after the position `cookie`; 0 is the start, an empty answer the end.
    public func entries(after cookie: UInt64, limit: Int) throws(IOFailure) -> [DirectoryEntry] {
        let answer = try request(.directoryControl(cookie: cookie, limit: limit))
        guard case .entries(let entries) = answer.result else {
            throw IOFailure(.invalidDeviceRequest)
        }
        return entries
    }

    public func flush(dataOnly: Bool = false) throws(IOFailure) {
        try request(.flushBuffers(dataOnly: dataOnly))
    }

    public func attributeNames() throws(IOFailure) -> [[UInt8]] {
        guard case .names(let names) = try request(.queryEA(.names)).result else {
            throw IOFailure(.invalidDeviceRequest)
        }
        return names
    }

    public func attribute(_ name: String) throws(IOFailure) -> [UInt8] {
        let answer = try request(.queryEA(.value(name: Array(name.utf8))))
        guard case .bytes(let value) = answer.result else {
            throw IOFailure(.invalidDeviceRequest)
        }
        return value
    }

    public func setAttribute(
        _ name: String, to value: [UInt8], mustExist: Bool = false, mustNotExist: Bool = false
    ) throws(IOFailure) {
        try request(
            .setEA(
                name: Array(name.utf8),
                change: .set(value, mustExist: mustExist, mustNotExist: mustNotExist)))
    }

    public func removeAttribute(_ name: String) throws(IOFailure) {
        try request(.setEA(name: Array(name.utf8), change: .remove))
    }

    /// Takes, tests or drops an advisory lock; a test returns the lock in the way.
    @discardableResult
    public func lock(_ lock: FileLock) throws(IOFailure) -> FileLock? {
        guard case .lock(let inTheWay) = try request(.lockControl(lock)).result else {
            throw IOFailure(.invalidDeviceRequest)
        }
        return inTheWay
    }

    public func volumeInformation() throws(IOFailure) -> VolumeInformation {
        guard case .volume(let information) = try request(.queryVolumeInformation).result else {
            throw IOFailure(.invalidDeviceRequest)
        }
        return information
    }
}
