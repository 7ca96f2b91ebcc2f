import BypassIOProtocol

extension FileObject {
    /// The answer of every layer to a QUERY of this file object, top to bottom: each filter, the
    /// file system, each volume driver, the storage driver. Windows reports only the first veto.
    ///
    /// Each filter is asked by itself, with a request that no other layer sees. A filter that pends
    /// the request is waited for. Throws `NTStatus.fileClosed` after ``close()``.
    public func explainBypassIO() throws(IOFailure) -> [LayerAnswer] {
        guard retain() else { throw IOFailure(.fileClosed) }
        defer { release() }
        var answers: [LayerAnswer] = []
        for instance in volume.instances {
            answers.append(
                LayerAnswer(
                    layer: .filter, driver: instance.filter.name, altitude: instance.altitude,
                    veto: try veto(of: instance)))
        }
        answers.append(
            LayerAnswer(
                layer: .fileSystem, driver: volume.fileSystem.name,
                veto: volume.fileSystemVeto(of: self, for: .query)))
        return answers + volume.stack.answers(to: .query)
    }

    private func veto(of instance: FilterInstance) throws(IOFailure) -> BypassVeto? {
        guard instance.filter.isOptedIn else { return .notOptedIn(filter: instance.filter.name) }
        if let withdrawn = instance.withdrawn.veto(of: stream) { return withdrawn }
        let row = instance.filter.registration.operations.first {
            $0.majorFunction == .fileSystemControl
        }
        guard let callback = row?.preOperation else { return nil }
        guard let input = try? FSBypassIOInput(operation: .query).encodedBytes() else {
            throw IOFailure(.invalidParameter)
        }
        let data = CallbackData(
            .fileSystemControl(
                FileSystemControlParameters(
                    code: .manageBypassIO, input: input, outputLength: FSBypassIOOutput.size)),
            fileObject: self, requestor: .kernel)
        // An instance that is being detached does not veto any more.
        guard instance.rundown.enter() else { return nil }
        defer { instance.rundown.leave() }
        data.preOperationInstance = instance
        instance.countPreCallback()
        var result = callback(data, instance)
        while case .pending = result {
            let keeper = RequestParking.Keeper(instance, .down)
            guard
                case .preOperation(let later) = data.parking.wait(
                    for: keeper, advance: { volume.advanceOwnReads() })
            else { break }
            result = later
        }
        data.preOperationInstance = nil
        switch data.heedingVeto(result) {
        case .complete: return data.veto(of: instance.filter)
        case .successWithCallback(let context), .synchronize(let context):
            // The callbacks belong together: the filter may have set something up for its post
            // callback.
            data.completeControl(.query, .success)
            data.flags.insert(.postOperation)
            instance.countPostCallback()
            _ = row?.postOperation?(data, instance, context)
            return nil
        case .successNoCallback, .pending: return nil
        }
    }
}

extension CallbackData {
    /// The veto with which a filter completed this request; nil if it completed it without a veto.
    fileprivate func veto(of filter: Minifilter) -> BypassVeto? {
        refuseUnfinishedStatus()
        if let failure = ioStatus.failure {
            return BypassVeto(
                driver: filter.name, status: failure.status,
                reason: "The minifilter failed the request.")
        }
        guard let verdict = bypassIOVerdict, verdict.status.isError else { return nil }
        return BypassVeto(verdict)
    }
}

extension Volume {
    /// The file system's automatic vetoes (spec 4.3, 6.1), in the file system's name.
    ///
    /// A QUERY may go to a directory or volume handle, an ENABLE may not.
    func fileSystemVeto(of file: FileObject, for operation: BypassIOOperation) -> BypassVeto? {
        let isQuery = operation == .query
        switch file.stream.kind {
        case .volume:
            return isQuery
                ? nil
                : veto(.volumeNotSupported, "BypassIO is for files: this handle is the volume.")
        case .directory:
            return isQuery
                ? nil : veto(.notSupported, "BypassIO is for files: this handle is a directory.")
        case .other:
            return veto(.notSupported, "BypassIO is for regular files.")
        case .file:
            break
        }
        guard offersBypass else {
            return veto(.notSupported, "Bypass is switched off on this volume.")
        }
        if let veto = fileSystem.bypassVeto(for: file) {
            return BypassVeto(driver: fileSystem.name, veto)
        }
        do throws(IOFailure) {
            return attributeVeto(try fileSystem.vetoingAttributes(of: file))
        } catch {
            return veto(error.status, "The file system could not read the file's attributes.")
        }
    }

    private func attributeVeto(_ attributes: FileAttributes) -> BypassVeto? {
        if attributes.isEmpty { return nil }
        return Self.attributeRules.first { attributes.contains($0.0) }.map { veto($0.1, $0.2) }
    }

    /// The first rule that holds gives the veto.
    private static let attributeRules: [(FileAttributes, NTStatus, String)] = [
        (.compressed, .notSupportedWithCompression, "The file is compressed."),
        (.encrypted, .encryptedFileNotSupported, "The file is encrypted."),
        (.sparse, .sparseFileNotSupported, "The file is sparse."),
        (.paging, .pagefileNotSupported, "The file is a swap file."),
        (.dax, .notSupportedOnDAX, "The file is on a DAX volume: its reads are no I/O."),
    ]

    func veto(_ status: NTStatus, _ reason: String) -> BypassVeto {
        BypassVeto(driver: fileSystem.name, status: status, reason: reason)
    }
}

extension FileObject {
    /// The flags that every reply carries, as they are now (spec 6.6).
    func bypassOutputFlags(for operation: BypassIOOperation) -> BypassIOOutputFlags {
        var flags: BypassIOOutputFlags = []
        let memory = StepMemory()
        defer { memory.forget(but: flags.rawValue) }
        let volume = self.volume.bypass.gate.closed
        if volume.contains(.storagePaused) { flags.insert(.volumeStackBypassPaused) }
        if volume.contains(.filtersBlocked) { flags.insert(.filterAttachBlocked) }
        if stream.bypass.gate.closed.contains(.paused) { flags.insert(.streamBypassPaused) }
        let tellsStorage = operation == .enable || operation == .query || operation == .getInfo
        if tellsStorage, self.volume.stack.storage.supportsBypassIO {
            flags.insert(.compatibleStorageDriver)
        }
        return flags
    }
}

/// The file system's answer to a BypassIO control.
///
/// Small, because success is by far the commonest answer: a verdict takes 330 bytes on the wire,
/// which a success need not carry from function to function.
enum ControlAnswer: Hashable {
    /// Success. For an operation with results the output is a verdict without a veto, for others
    /// the header alone.
    case success
    /// An ENABLE that changed nothing, because the stack changed after it went down. It is sent
    /// again, unless that happened too often (``EnableTicket``).
    indirect case outdated(BypassIOResults)
    indirect case results(BypassIOResults)
    indirect case info(BypassIOInfo)

    /// nil: no layer vetoes.
    init(_ veto: BypassVeto?) {
        self = veto.map { .results($0.results) } ?? .success
    }

    var isOutdated: Bool {
        if case .outdated = self { true } else { false }
    }

    /// The control's output, as it is on the wire.
    ///
    /// - Throws: `WireError` if `operation` has no such answer.
    func encoded(
        for operation: BypassIOOperation, flags: BypassIOOutputFlags
    ) throws(WireError) -> [UInt8] {
        let body: FSBypassIOOutput.Body
        switch self {
        case .success: return try FSBypassIOOutput.success(of: operation, flags: flags)
        case .results(let results), .outdated(let results): body = .results(results)
        case .info(let info): body = .info(info)
        }
        return try FSBypassIOOutput(operation: operation, flags: flags, body: body).encodedBytes()
    }
}
