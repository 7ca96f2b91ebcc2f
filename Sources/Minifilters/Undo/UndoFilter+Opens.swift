import BypassIOProtocol
package import IOStack
import SystemPackage

// Opens that make a file, or cut one to nothing.
extension UndoFilter {
    package func willOpen(_ open: PreOpen) -> PreOperationAnswer {
        let parameters = open.parameters
        guard parameters.disposition != .open, parameters.handed == nil else {
            return .passAndForget
        }
        // A file without a name: the change is its first link.
        guard !parameters.options.contains(.temporary) else { return .pass }
        return answering { () throws(IOFailure) in
            if parameters.fileID != nil || parameters.path.isEmpty {
                if parameters.disposition.truncates { try willCut(parameters, open.instance) }
                return .pass
            }
            return try willMake(parameters, open.instance)
        }
    }

    private func willMake(
        _ parameters: CreateParameters, _ instance: FilterInstance
    ) throws(IOFailure) -> PreOperationAnswer {
        guard let name = parameters.path.lastComponent else { return .pass }
        let path = parameters.path.removingLastComponent()
        // Without its directory it cannot be made.
        guard
            let directory = parameters.directory != nil && path.isEmpty
                ? parameters.directory
                : try? openDirectory(path, in: parameters.directory, instance)
        else { return .pass }
        defer { if directory !== parameters.directory { directory.close() } }
        let found = try entry(name, in: directory, instance)
        if found != nil {
            if parameters.disposition.truncates { try willCut(parameters, instance) }
            return .pass
        }
        guard parameters.disposition.mayCreate else { return .pass }
        let change = UndoNameChange()
        try recording.withLock { (_) throws(IOFailure) in
            change.made = try touch(name, in: directory, nil, instance)
        }
        return .passWith(.object(change))
    }

    /// O_TRUNC of what is there.
    private func willCut(
        _ parameters: CreateParameters, _ instance: FilterInstance
    ) throws(IOFailure) {
        var asked = parameters
        asked.disposition = .open
        asked.access = .read
        asked.options.formIntersection([.noFollow])
        asked.options.insert(.noAccessTime)
        // What cannot be opened is not cut either, but for rights that the service lacks.
        let object = try instance.open(asked)
        defer { object.close() }
        guard let file = try file(of: object, instance) else { return }
        try keep(0..<file.size, of: file, object, instance)
    }

    package func didOpen(_ open: PostOpen) {
        guard !open.isDraining, open.isSuccess, let file = open.file,
            case .opened(let opened) = open.data.result, opened.wasCreated
        else { return }
        made(opened.id, opened.birthTime ?? file.stream.birthTime)
        if case .object(let change as UndoNameChange) = open.context, let entry = change.made {
            left([(entry, opened.id)])
        }
    }

    /// The session made a file, which is new also where its number is an earlier one's.
    func made(_ id: FileID, _ birth: FileTime?) {
        known.withLock { known in
            known.files[id] = nil
            known.fresh[id] = .some(birth)
        }
    }

    /// What names mean after a change.
    func left(_ names: [(entry: UndoEntry, file: FileID?)]) {
        known.withLock { known in
            for (entry, file) in names where known.names[entry] != nil {
                known.names[entry] = file.map { .file($0) } ?? .nothing
            }
        }
    }
}

/// A change of names on its way, until its end is known. One thread carries the request.
final class UndoNameChange: Sendable {
    struct State: Sendable {
        var made: UndoEntry?
        /// What the names will mean.
        var names: [(entry: UndoEntry, file: FileID?)] = []
        /// What loses its last name, and its birth.
        var gone: (file: FileID, birth: FileTime?)?
    }

    private let state = Guarded(State())

    var made: UndoEntry? {
        get { state.withLock { $0.made } }
        set { state.withLock { $0.made = newValue } }
    }

    var names: [(entry: UndoEntry, file: FileID?)] {
        get { state.withLock { $0.names } }
        set { state.withLock { $0.names = newValue } }
    }

    var gone: (file: FileID, birth: FileTime?)? {
        get { state.withLock { $0.gone } }
        set { state.withLock { $0.gone = newValue } }
    }
}
