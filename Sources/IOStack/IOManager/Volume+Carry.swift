import BypassIOProtocol

extension Volume {
    /// Carries a request through the stack on the calling thread, from the top or from below an
    /// instance: pre callbacks, file system, post callbacks. Sleeps while a filter keeps it.
    func carry(_ data: CallbackData, below instance: FilterInstance?) {
        let (chain, epoch) = enterChain(data)
        defer { epoch?.leave() }
        data.descent = FilterDescent(chain, data.majorFunction, below: instance)
        if case .reachedFileSystem = runDown(data) { dispatch(data) }
        runUp(data)
        data.descent = FilterDescent()
    }

    /// Pre callbacks from the request's place downward; never answers `pended`.
    func runDown(_ data: CallbackData) -> DescentOutcome {
        var descent = FilterManager.descend(data)
        while case .pended = descent, let keeper = data.keeper {
            if case .preOperation(let result) = data.parking.wait(
                for: keeper, advance: advanceOwnReads)
            {
                descent = FilterManager.resumeDescent(data, with: result)
            }
        }
        return descent
    }

    /// The post callbacks that the request owes.
    func runUp(_ data: CallbackData) {
        var ascent = FilterManager.ascend(data)
        while case .pended = ascent, let keeper = data.keeper {
            _ = data.parking.wait(for: keeper, advance: advanceOwnReads)
            ascent = FilterManager.resumeAscent(data)
        }
    }

    /// Hands a request that passed every filter to the file system and what is below it.
    private func dispatch(_ data: CallbackData) {
        do throws(IOFailure) {
            if case .create(let parameters) = data.parameters {
                return try create(parameters, data)
            }
            guard let file = data.fileObject else { throw IOFailure(.invalidParameter) }
            try perform(data, on: file)
        } catch {
            data.ioStatus = IOStatusBlock(error)
        }
    }

    private func create(
        _ parameters: CreateParameters, _ data: CallbackData
    ) throws(IOFailure) {
        let opened = try fileSystem.create(parameters, for: data.requestor)
        data.fileObject = FileObject(
            volume: self, stream: openStream(opened), opened: opened, parameters: parameters,
            requestor: data.requestor)
        data.succeed(.opened(opened))
    }

    private func perform(_ data: CallbackData, on file: FileObject) throws(IOFailure) {
        switch data.parameters {
        case .create: throw IOFailure(.invalidParameter)
        case .read(let offset, let length):
            try read(data, file, offset: offset, length: length)
        case .write(let offset, let length):
            try write(data, file, offset: offset, length: length)
        case .cleanup:
            fileSystem.cleanup(file)
            data.succeed()
        case .close:
            fileSystem.close(file)
            data.succeed()
        case .queryInformation(let query): data.succeed(try answer(query, file))
        case .setInformation(let change):
            try apply(change, to: file)
            data.succeed()
        case .directoryControl(let cookie, let limit, let withInformation):
            data.succeed(
                .entries(
                    try fileSystem.entries(
                        of: file, after: cookie, limit: limit, withInformation: withInformation)))
        case .flushBuffers(let dataOnly):
            try fileSystem.flush(file, dataOnly: dataOnly)
            data.succeed()
        case .queryEA(.names): data.succeed(.names(try fileSystem.attributeNames(of: file)))
        case .queryEA(.value(let name)):
            data.succeed(.bytes(try fileSystem.attribute(name, of: file)))
        case .setEA(let name, let change):
            try fileSystem.changeAttribute(name, of: file, change)
            data.succeed()
        case .lockControl(let lock): data.succeed(.lock(try fileSystem.lock(file, lock)))
        case .queryVolumeInformation:
            data.succeed(.volume(try fileSystem.volumeInformation()))
        case .fileSystemControl(let control):
            if control.code == .manageBypassIO { return manageBypassIO(data, control) }
            let output = try fileSystem.control(control, on: file)
            guard output.count <= control.outputLength else { throw IOFailure(.bufferTooSmall) }
            data.succeed(.bytes(output), information: output.count)
        }
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

    private func read(
        _ data: CallbackData, _ file: FileObject, offset: UInt64, length: Int
    ) throws(IOFailure) {
        let (handle, buffer) = try file.transferPlace(
            data.buffer, offset: offset, length: length)
        let extent = StorageExtent(handle: handle, offset: offset, length: length)
        noteCachedTransfer(file, isWrite: false)
        // Filters have seen the read; a paused stream's may still skip the volume drivers.
        let route = file.enterStorageBypass(offset: offset, length: length)
        defer { file.leaveStorageBypass(route) }
        file.counters.count(route)
        let count =
            route == .storageBypass
            ? try stack.storage.read(extent, into: buffer)
            : try stack.read(extent, into: buffer)
        data.succeed(information: count)
    }

    private func write(
        _ data: CallbackData, _ file: FileObject, offset: UInt64, length: Int
    ) throws(IOFailure) {
        let (handle, buffer) = try file.transferPlace(
            data.buffer, offset: offset, length: length)
        let extent = StorageExtent(handle: handle, offset: offset, length: length)
        noteCachedTransfer(file, isWrite: true)
        let count = try stack.write(extent, from: buffer)
        if file.stream.bypassOpenCount > 0 { fileSystem.didWrite(file, at: offset, count: count) }
        data.succeed(information: count)
    }
}

extension CallbackData {
    func succeed(_ result: IOResult = .none, information: Int = 0) {
        self.result = result
        ioStatus = IOStatusBlock(.success, information: information)
    }
}
