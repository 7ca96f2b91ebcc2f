import BypassIOProtocol
public import SystemPackage

/// All requests about a file object beside data and controls. Each goes through the stack, so
/// filters see it and may change or refuse it.
extension FileObject {
    /// Sends a request from the top of the stack or from below an instance; throws its failure.
    @discardableResult
    func request(
        _ parameters: IOParameters, buffer: (any IOBuffer)? = nil, requestor: Requestor? = nil,
        below instance: FilterInstance? = nil
    ) throws(IOFailure) -> (result: IOResult, ioStatus: IOStatusBlock) {
        guard retain(for: instance) else { throw IOFailure(.fileClosed) }
        defer { release() }
        // Controls are always carried: `perform` does not answer a BypassIO control.
        if parameters.majorFunction != .fileSystemControl,
            !volume.carries(parameters.majorFunction)
        {
            let answer = try volume.perform(
                parameters, on: self, buffer: buffer, for: requestor ?? self.requestor)
            return (answer.result, IOStatusBlock(.success, information: answer.information))
        }
        let (result, ioStatus) = SpareRequest.with(
            parameters, fileObject: self, requestor: requestor ?? self.requestor, buffer: buffer
        ) { data in
            if instance != nil { data.flags.insert(.generatedIO) }
            volume.carry(data, below: entrance(below: instance))
            return (data.result, data.ioStatus)
        }
        if let failure = ioStatus.failure { throw failure }
        return (result, ioStatus)
    }

    /// A read from the top of the stack, on the traditional route; returns the bytes read.
    func readTraditionally(
        at offset: UInt64, length: Int, into buffer: any IOBuffer, _ requestor: Requestor?
    ) throws(IOFailure) -> Int {
        guard retain() else { throw IOFailure(.fileClosed) }
        defer { release() }
        guard volume.carries(.read) else {
            return try volume.read(self, buffer, offset: offset, length: length)
        }
        let ioStatus = SpareRequest.with(
            .read(offset: offset, length: length), fileObject: self,
            requestor: requestor ?? self.requestor, buffer: buffer
        ) { data in
            volume.carry(data, below: entrance(below: nil))
            return data.ioStatus
        }
        if let failure = ioStatus.failure { throw failure }
        return ioStatus.information
    }

    public func information(requestor: Requestor? = nil) throws(IOFailure) -> FileInformation {
        try information(.all, requestor)
    }

    /// All that `stat` reports, without the attributes that BypassIO asks for.
    public func status(requestor: Requestor? = nil) throws(IOFailure) -> FileInformation {
        try information(.status, requestor)
    }

    /// The status of a name in this directory. The file is not opened, and a link is not followed.
    public func status(
        of name: FilePath.Component, requestor: Requestor? = nil
    ) throws(IOFailure) -> FileInformation {
        try information(.entry(name), requestor)
    }

    private func information(
        _ query: InformationQuery, _ requestor: Requestor?
    ) throws(IOFailure) -> FileInformation {
        let answer = try request(.queryInformation(query), requestor: requestor)
        guard case .information(let information) = answer.result else {
            throw IOFailure(.invalidDeviceRequest)
        }
        return information
    }

    /// The bytes that a symbolic link, opened with ``CreateParameters/Options/noFollow``, holds.
    public func linkTarget(requestor: Requestor? = nil) throws(IOFailure) -> [UInt8] {
        let answer = try request(.queryInformation(.linkTarget), requestor: requestor)
        guard case .linkTarget(let target) = answer.result else {
            throw IOFailure(.invalidDeviceRequest)
        }
        return target
    }

    /// The next data at or after `offset` bytes (`SEEK_DATA`).
    public func nextData(
        from offset: UInt64, requestor: Requestor? = nil
    ) throws(IOFailure) -> UInt64 {
        try offsetAnswer(to: .nextData(from: offset), requestor)
    }

    /// The next hole at or after `offset` bytes (`SEEK_HOLE`).
    public func nextHole(
        from offset: UInt64, requestor: Requestor? = nil
    ) throws(IOFailure) -> UInt64 {
        try offsetAnswer(to: .nextHole(from: offset), requestor)
    }

    private func offsetAnswer(
        to query: InformationQuery, _ requestor: Requestor?
    ) throws(IOFailure) -> UInt64 {
        let answer = try request(.queryInformation(query), requestor: requestor)
        guard case .offset(let offset) = answer.result else {
            throw IOFailure(.invalidDeviceRequest)
        }
        return offset
    }

    /// `ENOTTY` if the file system has none.
    public func flags(
        _ form: FileFlags.Form, requestor: Requestor? = nil
    ) throws(IOFailure) -> FileFlags {
        let answer = try request(.queryInformation(.flags(form)), requestor: requestor)
        guard case .flags(let flags) = answer.result else {
            throw IOFailure(.invalidDeviceRequest)
        }
        return flags
    }

    public func apply(
        _ change: FileChange, requestor: Requestor? = nil
    ) throws(IOFailure) {
        try request(.setInformation(change), requestor: requestor)
    }

    /// Up to `limit` entries after the position `cookie`. 0 is the start; an empty answer is the
    /// end.
    ///
    /// With `withInformation` each entry also carries the file's status.
    public func entries(
        after cookie: UInt64, limit: Int, withInformation: Bool = false,
        requestor: Requestor? = nil
    ) throws(IOFailure) -> [DirectoryEntry] {
        let answer = try request(
            .directoryControl(cookie: cookie, limit: limit, withInformation: withInformation),
            requestor: requestor)
        guard case .entries(let entries) = answer.result else {
            throw IOFailure(.invalidDeviceRequest)
        }
        return entries
    }

    public func flush(
        dataOnly: Bool = false, requestor: Requestor? = nil
    ) throws(IOFailure) {
        try request(.flushBuffers(dataOnly: dataOnly), requestor: requestor)
    }

    /// Takes, tests or drops an advisory lock; a test returns the lock in the way.
    @discardableResult
    public func lock(
        _ lock: FileLock, requestor: Requestor? = nil
    ) throws(IOFailure) -> FileLock? {
        let answer = try request(.lockControl(lock), requestor: requestor)
        guard case .lock(let inTheWay) = answer.result else {
            throw IOFailure(.invalidDeviceRequest)
        }
        return inTheWay
    }

    public func volumeInformation(
        requestor: Requestor? = nil
    ) throws(IOFailure) -> VolumeInformation {
        let answer = try request(.queryVolumeInformation, requestor: requestor)
        guard case .volume(let information) = answer.result else {
            throw IOFailure(.invalidDeviceRequest)
        }
        return information
    }
}

/// Extended attributes. Names are bytes; the variants with a `String` take its UTF-8.
extension FileObject {
    public func attributeNames(requestor: Requestor? = nil) throws(IOFailure) -> [[UInt8]] {
        guard case .names(let names) = try request(.queryEA(.names), requestor: requestor).result
        else { throw IOFailure(.invalidDeviceRequest) }
        return names
    }

    public func attribute(
        _ name: [UInt8], requestor: Requestor? = nil
    ) throws(IOFailure) -> [UInt8] {
        let answer = try request(.queryEA(.value(name: name)), requestor: requestor)
        guard case .bytes(let value) = answer.result else {
            throw IOFailure(.invalidDeviceRequest)
        }
        return value
    }

    public func attribute(
        _ name: String, requestor: Requestor? = nil
    ) throws(IOFailure) -> [UInt8] {
        try attribute(Array(name.utf8), requestor: requestor)
    }

    public func setAttribute(
        _ name: [UInt8], to value: [UInt8], mustExist: Bool = false, mustNotExist: Bool = false,
        requestor: Requestor? = nil
    ) throws(IOFailure) {
        let change = ExtendedAttributeChange.set(
            value, mustExist: mustExist, mustNotExist: mustNotExist)
        try request(.setEA(name: name, change: change), requestor: requestor)
    }

    public func setAttribute(
        _ name: String, to value: [UInt8], mustExist: Bool = false, mustNotExist: Bool = false,
        requestor: Requestor? = nil
    ) throws(IOFailure) {
        try setAttribute(
            Array(name.utf8), to: value, mustExist: mustExist, mustNotExist: mustNotExist,
            requestor: requestor)
    }

    public func removeAttribute(
        _ name: [UInt8], requestor: Requestor? = nil
    ) throws(IOFailure) {
        try request(.setEA(name: name, change: .remove), requestor: requestor)
    }

    public func removeAttribute(
        _ name: String, requestor: Requestor? = nil
    ) throws(IOFailure) {
        try removeAttribute(Array(name.utf8), requestor: requestor)
    }
}
