import BypassIOProtocol
import SystemPackage

extension Volume {
    /// Carries a request through the stack on the calling thread, from the top or from below an
    /// instance: pre callbacks, file system, post callbacks. Sleeps while a filter keeps it.
    func carry(_ data: CallbackData, below instance: FilterInstance?) {
        let began = layers.begin()
        let chain = currentOperations(for: data.majorFunction)
        data.descent.begin(chain, below: instance)
        if case .reachedFileSystem = runDown(data, in: chain) {
            if began == 0 { dispatch(data) } else { dispatchTold(data) }
        }
        runUp(data, in: chain)
        data.descent.finish()
        if began != 0 { tellRequest(data, since: began) }
        guard data.majorFunction == .fileSystemControl else { return }
        if data.canBeUndone, !data.hasSucceeded { undoEnable(data) }
    }

    /// Runs pre callbacks from the request's place downward; never returns `pended`.
    func runDown(_ data: CallbackData, in chain: OperationChain) -> DescentOutcome {
        var descent = FilterManager.descend(data, in: chain)
        while case .pended = descent, let keeper = data.keeper {
            let began = layers.begin()
            let outcome = data.parking.wait(
                for: keeper, mayBeCancelled: !data.majorFunction.reachesEveryLayer,
                advance: { advanceOwnReads() })
            if began != 0 { data.descent.instance?.noteKept(since: began) }
            guard case .preOperation(var result) = outcome else { continue }
            if data.isCancelled {
                // The program does not wait for it any more, so it goes no further.
                data.ioStatus = IOStatusBlock(
                    .cancelled, hostErrno: Errno.interrupted.rawValue)
                result = .complete
            }
            descent = FilterManager.resumeDescent(data, in: chain, with: result)
        }
        return descent
    }

    /// Runs the post callbacks that the request owes.
    func runUp(_ data: CallbackData, in chain: OperationChain) {
        var ascent = FilterManager.ascend(data, in: chain)
        while case .pended = ascent, let keeper = data.keeper {
            // The effects of a request stand, so only a read, which has none, may be cancelled
            // here.
            let began = layers.begin()
            _ = data.parking.wait(
                for: keeper, mayBeCancelled: data.majorFunction == .read,
                advance: { advanceOwnReads() })
            if began != 0 { data.keptBy?.noteKept(since: began) }
            ascent = FilterManager.resumeAscent(data, in: chain)
        }
    }

    /// As ``dispatch(_:)``, while somebody is told of layers.
    @inline(never)
    private func dispatchTold(_ data: CallbackData) {
        let began = LayerClock.now
        dispatch(data)
        let movesData = data.majorFunction == .read || data.majorFunction == .write
        layers.tell(
            LayerVisit(
                movesData ? .storage : .fileSystem,
                movesData ? stack.storage.name : fileSystem.name, since: began,
                until: LayerClock.now))
    }

    @inline(never)
    private func tellRequest(_ data: CallbackData, since began: UInt64) {
        layers.tell(
            LayerVisit(
                .request, data.majorFunction.windowsName, nil, data.toldRequest, since: began,
                until: LayerClock.now))
    }

    /// Hands a request that passed every filter to the file system and the layers below.
    private func dispatch(_ data: CallbackData) {
        do throws(IOFailure) {
            if data.majorFunction == .create, case .create(let parameters) = data.asked {
                let opened = try create(parameters, for: data.requestor)
                data.fileObject = opened.file
                return data.succeed(.opened(opened.opened))
            }
            guard let file = data.fileObject else { throw IOFailure(.invalidParameter) }
            switch data.asked {
            case .read(let offset, let length):
                guard let buffer = data.buffer else { throw IOFailure(.invalidParameter) }
                data.succeed(
                    information: try read(file, buffer, offset: offset, length: length))
            case .fileSystemControl(let control) where control.code == .manageBypassIO:
                manageBypassIO(data, control)
            default:
                let answer = try perform(
                    data.asked, on: file, buffer: data.buffer, for: data.requestor)
                data.succeed(answer.result, information: answer.information)
            }
        } catch {
            data.ioStatus = IOStatusBlock(error)
            if Mutant.failureForgotten.isPlanted, data.fileObject != nil { data.succeed() }
        }
    }

    /// The file system's part of a create.
    func create(
        _ parameters: CreateParameters, for requestor: Requestor
    ) throws(IOFailure) -> (file: FileObject, opened: OpenedFile) {
        let opened = try fileSystem.create(parameters, for: requestor)
        let file = FileObject(
            volume: self,
            stream: openStream(opened, mayWrite: parameters.access.contains(.write)),
            opened: opened, parameters: parameters, requestor: requestor)
        return (file, opened)
    }

    /// The part of the file system and of the layers below, for every request but a create and a
    /// BypassIO control.
    func perform(
        _ parameters: IOParameters, on file: FileObject, buffer: (any IOBuffer)?,
        for requestor: Requestor
    ) throws(IOFailure) -> (result: IOResult, information: Int) {
        switch parameters {
        case .create: throw IOFailure(.invalidParameter)
        case .read(let offset, let length):
            guard let buffer else { throw IOFailure(.invalidParameter) }
            return (.none, try read(file, buffer, offset: offset, length: length))
        case .write(let offset, let length):
            guard let buffer else { throw IOFailure(.invalidParameter) }
            return (.none, try write(file, buffer, offset: offset, length: length, requestor))
        case .cleanup: fileSystem.cleanup(file)
        case .close: fileSystem.close(file)
        case .queryInformation(let query): return (try answer(query, file), 0)
        case .setInformation(let change): try apply(change, to: file, for: requestor)
        case .directoryControl(let cookie, let limit, let withInformation):
            let entries = try fileSystem.entries(
                of: file, after: cookie, limit: limit, withInformation: withInformation)
            return (.entries(entries), 0)
        case .flushBuffers(let dataOnly): try fileSystem.flush(file, dataOnly: dataOnly)
        case .queryEA(.names): return (.names(try fileSystem.attributeNames(of: file)), 0)
        case .queryEA(.value(let name)):
            return (.bytes(try fileSystem.attribute(name, of: file)), 0)
        case .setEA(let name, let change):
            try fileSystem.onBehalf(of: requestor, changing: file) { () throws(IOFailure) in
                try fileSystem.changeAttribute(name, of: file, change)
            }
        case .lockControl(let lock): return (.lock(try fileSystem.lock(file, lock)), 0)
        case .queryVolumeInformation:
            return (.volume(try fileSystem.volumeInformation(of: file)), 0)
        case .fileSystemControl(let control):
            let output = try fileSystem.control(control, on: file)
            guard output.count <= control.outputLength else { throw IOFailure(.bufferTooSmall) }
            return (.bytes(output), output.count)
        }
        return (.none, 0)
    }

    private func answer(
        _ query: InformationQuery, _ file: FileObject
    ) throws(IOFailure) -> IOResult {
        switch query {
        case .all: .information(try fileSystem.information(of: file))
        case .status: .information(try fileSystem.status(of: file))
        case .entry(let name): .information(try fileSystem.status(of: name, in: file))
        case .linkTarget: .linkTarget(try fileSystem.linkTarget(of: file))
        case .nextData(let offset): .offset(try fileSystem.nextData(in: file, from: offset))
        case .nextHole(let offset): .offset(try fileSystem.nextHole(in: file, from: offset))
        case .flags(let form): .flags(try fileSystem.flags(of: file, form))
        }
    }

    // MARK: Data

    /// A read on the traditional route, below the filters. Returns the bytes read.
    func read(
        _ file: FileObject, _ buffer: any IOBuffer, offset: UInt64, length: Int
    ) throws(IOFailure) -> Int {
        guard let handle = file.storage else { throw file.noDataFailure }
        // A filter may have changed them.
        guard buffer.holds(length, at: offset) else { throw IOFailure(.invalidParameter) }
        let extent = StorageExtent(handle: handle, offset: offset, length: length)
        noteCachedTransfer(file, isWrite: false)
        // The filters have seen the read. If its stream is paused, it may still skip the volume
        // drivers.
        let route = file.enterStorageBypass(offset: offset, length: length)
        defer { file.leaveStorageBypass(route) }
        file.counters.count(route)
        return route == .storageBypass
            ? try stack.storage.read(extent, into: buffer)
            : try stack.read(extent, into: buffer)
    }

    private func write(
        _ file: FileObject, _ buffer: any IOBuffer, offset: UInt64, length: Int,
        _ requestor: Requestor
    ) throws(IOFailure) -> Int {
        guard let handle = file.storage else { throw file.noDataFailure }
        // A filter may have changed them.
        guard buffer.holds(length, at: offset) else { throw IOFailure(.invalidParameter) }
        let extent = StorageExtent(handle: handle, offset: offset, length: length)
        noteCachedTransfer(file, isWrite: true)
        let transfer = VolumeTransfer(.write, extent)
        try stack.willTransfer(transfer, buffer: buffer)
        let count = try fileSystem.onBehalf(of: requestor, changing: file) {
            () throws(IOFailure) in try stack.storage.write(extent, from: buffer)
        }
        try stack.didTransfer(transfer, buffer: buffer, count: count)
        if file.stream.bypassOpenCount > 0 { fileSystem.didWrite(file, at: offset, count: count) }
        return Mutant.shortWriteCountsWhole.isPlanted ? length : count
    }
}

extension CallbackData {
    func succeed(_ result: IOResult = .none, information: Int = 0) {
        if case .none = self.result, case .none = result {} else { self.result = result }
        ioStatus = IOStatusBlock(.success, information: information)
    }
}

extension MajorFunction {
    /// A cleanup and a close must reach every layer, even if the program waits no more, and even if
    /// a filter completes them: otherwise the file system would keep the file open for ever.
    var reachesEveryLayer: Bool { self == .cleanup || self == .close }
}
