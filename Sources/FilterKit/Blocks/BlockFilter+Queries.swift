import BypassIOProtocol
public import IOStack
import SystemPackage

// What programs ask about files that have a key.
extension BlockFilter {
    public var otherOperations: [OperationRegistration] {
        var rows = [
            OperationRegistration(
                .queryInformation,
                preOperation: { data, instance in self.willQuery(data, instance) })
        ]
        if layout.changesSizes {
            rows.append(
                OperationRegistration(
                    .directoryControl,
                    preOperation: { data, instance in self.willList(data, instance) }))
        }
        return rows + blockOperations
    }

    private func willQuery(_ data: CallbackData, _ instance: FilterInstance) -> PreOperationResult {
        guard let file = data.fileObject, case .queryInformation(let query) = data.parameters else {
            return .successNoCallback
        }
        do throws(IOFailure) {
            guard let result = try answer(query, file, instance, data.requestor) else {
                return .successNoCallback
            }
            data.result = result
            data.ioStatus = .success
        } catch {
            data.fail(error.status, hostErrno: error.hostErrno)
        }
        return .complete
    }

    /// nil: as the layers below answer.
    private func answer(
        _ query: InformationQuery, _ file: FileObject, _ instance: FilterInstance,
        _ requestor: Requestor
    ) throws(IOFailure) -> IOResult? {
        switch query {
        case .nextData(let offset):
            try seek(file, instance, requestor) { codec, lower throws(IOFailure) in
                try codec.nextData(lower, from: offset)
            }
        case .nextHole(let offset):
            try seek(file, instance, requestor) { codec, lower throws(IOFailure) in
                try codec.nextHole(lower, from: offset)
            }
        case .all, .status: try sized(query, file, instance)
        case .entry(let name): try sizedEntry(name, query, file, instance)
        default: nil
        }
    }

    private func seek(
        _ file: FileObject, _ instance: FilterInstance, _ requestor: Requestor,
        _ body: (BlockCodec<Self>, LowerFile) throws(IOFailure) -> UInt64
    ) throws(IOFailure) -> IOResult? {
        guard file.stream.kind == .file else { return nil }
        return try blocks(of: file, instance).reading(file, instance) { codec throws(IOFailure) in
            let lower = LowerFile(of: file, mayWrite: false, instance, for: requestor)
            return .offset(try body(codec, lower))
        }
    }

    // MARK: Sizes

    private func sized(
        _ query: InformationQuery, _ file: FileObject, _ instance: FilterInstance
    ) throws(IOFailure) -> IOResult? {
        guard layout.changesSizes, file.stream.kind == .file else { return nil }
        return try blocks(of: file, instance).reading(file, instance) { _ throws(IOFailure) in
            guard case .information(var found) = try instance.query(query, of: file) else {
                throw IOFailure(.invalidDeviceRequest)
            }
            found.size = layout.size(ofStored: found.size)
            return .information(found)
        }
    }

    private func sizedEntry(
        _ name: FilePath.Component, _ query: InformationQuery, _ directory: FileObject,
        _ instance: FilterInstance
    ) throws(IOFailure) -> IOResult? {
        guard layout.changesSizes else { return nil }
        guard case .information(let found) = try instance.query(query, of: directory) else {
            throw IOFailure(.invalidDeviceRequest)
        }
        return .information(sized(found, name, directory, instance))
    }

    /// A file that cannot be opened, or is another by now, keeps the size that it has below.
    private func sized(
        _ found: FileInformation, _ name: FilePath.Component, _ directory: FileObject,
        _ instance: FilterInstance
    ) -> FileInformation {
        guard found.kind == .regularFile, found.size > 0,
            let file = try? instance.open(
                CreateParameters(
                    path: FilePath(root: nil, components: name), directory: directory,
                    options: [.noFollow, .noAccessTime]))
        else { return found }
        defer { file.close() }
        guard file.stream.id == found.id, file.stream.kind == .file,
            (try? blocks(of: file, instance).isLeftAlone(file, instance)) == false
        else { return found }
        var sized = found
        sized.size = layout.size(ofStored: found.size)
        return sized
    }

    private func willList(_ data: CallbackData, _ instance: FilterInstance) -> PreOperationResult {
        guard let file = data.fileObject,
            case .directoryControl(let cookie, let limit, let withInformation) = data.parameters,
            withInformation
        else { return .successNoCallback }
        do throws(IOFailure) {
            var entries = try instance.entries(
                of: file, after: cookie, limit: limit, withInformation: true)
            for index in entries.indices {
                guard let found = entries[index].information,
                    let name = FilePath(bytes: entries[index].name).lastComponent
                else { continue }
                entries[index].information = sized(found, name, file, instance)
            }
            data.result = .entries(entries)
            data.ioStatus = .success
        } catch {
            data.fail(error.status, hostErrno: error.hostErrno)
        }
        return .complete
    }
}
