import BypassIOProtocol
package import IOStack
import SystemPackage

// Changes of files and of names.
extension UndoFilter {
    package func willChange(_ request: PreChange) -> PreOperationAnswer {
        answering { () throws(IOFailure) in
            let (object, instance) = (request.file, request.instance)
            switch request.change {
            case .rename(let from, let to, let directory, let flags):
                return try rename(object, from, to: to, in: directory, flags, instance)
            case .link(let name, let directory):
                return try link(object, as: name, in: directory, instance)
            case .unlink(let name, let isDirectory):
                return try unlink(name, from: object, isDirectory: isDirectory, instance)
            case .endOfFile(let size):
                if let file = try file(of: object, instance) {
                    try keep(size..<max(size, file.size), of: file, object, instance)
                }
            case .allocation(let allocation, let offset, let length):
                if let file = try file(of: object, instance) {
                    let range = allocation.changed(offset, length)
                    try keep(range, of: file, object, instance)
                }
            case .permissions, .owner, .times:
                _ = try file(of: object, instance)
            case .attributes, .flags:
                if let file = try file(of: object, instance) {
                    try keepFlags(of: file, object, instance)
                }
            }
            return .passAndForget
        }
    }

    private func keepFlags(
        of file: UndoFile, _ object: FileObject, _ instance: FilterInstance
    ) throws(IOFailure) {
        try file.kept.withLock { (kept) throws(IOFailure) in
            guard !kept.hasFlags,
                case .flags(.inode(let bits))? = try? instance.query(.flags(.inode), of: object)
            else { return }
            try keeper.append([.flags(file.number, bits)])
            kept.hasFlags = true
        }
    }

    /// Extended attributes, which have no method.
    package var otherOperations: [OperationRegistration] {
        [
            OperationRegistration(
                .setEA,
                preOperation: { [self] data, instance in
                    guard let object = data.fileObject else { return .successNoCallback }
                    do throws(IOFailure) {
                        _ = try file(of: object, instance)
                        return .successNoCallback
                    } catch {
                        data.fail(error.status, hostErrno: error.hostErrno)
                        return .complete
                    }
                })
        ]
    }

    // MARK: Names

    /// Under `recording`. Records what a name means before its first change; nil in a directory
    /// that the session made, whose names need no record.
    func touch(
        _ name: FilePath.Component, in directory: FileObject, _ found: FileInformation?,
        _ instance: FilterInstance
    ) throws(IOFailure) -> UndoEntry? {
        let above = try record(directory, instance)
        let entry = above.map { UndoEntry($0.number, name.nameBytes) }
        let old: UndoFile?
        if let found {
            old = try record(found, name, in: directory, entry, instance)
        } else {
            old = nil
        }
        guard let entry else { return nil }
        let (isKnown, count) = known.withLock { ($0.names[entry] != nil, $0.names.count) }
        guard !isKnown else { return entry }
        guard count < Self.mostNames else {
            try isFull()
            return nil
        }
        try keeper.append([.entry(entry, old: old?.number)])
        known.withLock { $0.names[entry] = .untold }
        return entry
    }

    private func unlink(
        _ name: FilePath.Component, from directory: FileObject, isDirectory: Bool,
        _ instance: FilterInstance
    ) throws(IOFailure) -> PreOperationAnswer {
        guard let found = try entry(name, in: directory, instance),
            (found.kind == .directory) == isDirectory
        else { return .passAndForget }
        let change = UndoNameChange()
        try recording.withLock { (_) throws(IOFailure) in
            let entry = try touch(name, in: directory, found, instance)
            change.names = entry.map { [($0, nil)] } ?? []
            try willLose(name, in: directory, found, change, instance)
        }
        return .passWith(.object(change))
    }

    /// Under `recording`. A name that is recorded goes.
    private func willLose(
        _ name: FilePath.Component, in directory: FileObject, _ found: FileInformation,
        _ change: UndoNameChange, _ instance: FilterInstance
    ) throws(IOFailure) {
        if case .some(.some(let file)) = known(found.id, found.birthTime),
            file.kind == .regularFile
        {
            let object = try instance.open(
                CreateParameters(
                    path: FilePath(root: nil, components: name), directory: directory, access: [],
                    options: [.noFollow, .attributesOnly]))
            defer { object.close() }
            guard object.stream.id == found.id else { throw IOFailure(.sharingViolation) }
            try hold(file, object, found, instance)
            // A file that is held keeps its number.
            if file.kept.withLock({ $0.isHeld }) { return }
        }
        if found.kind == .directory || found.linkCount <= 1 {
            change.gone = (found.id, found.birthTime)
        }
    }

    private func rename(
        _ source: FileObject, _ from: FilePath.Component, to: FilePath.Component,
        in directory: FileObject, _ flags: FileChange.RenameFlags, _ instance: FilterInstance
    ) throws(IOFailure) -> PreOperationAnswer {
        guard let moved = try entry(from, in: source, instance) else { return .passAndForget }
        let replaced = try entry(to, in: directory, instance)
        // It fails, or does nothing: two names of one file.
        if replaced?.id == moved.id || (replaced != nil && flags.contains(.noReplace)) {
            return .passAndForget
        }
        let isExchange = flags.contains(.exchange)
        let change = UndoNameChange()
        try recording.withLock { (_) throws(IOFailure) in
            let old = try touch(from, in: source, moved, instance)
            let new = try touch(to, in: directory, replaced, instance)
            if let replaced, !isExchange {
                try willLose(to, in: directory, replaced, change, instance)
            }
            var names: [(entry: UndoEntry, file: FileID?)] = []
            // Of a whiteout nobody knows the number before.
            if let old, !flags.contains(.whiteout) {
                names.append((old, isExchange ? replaced?.id : nil))
            }
            if let new { names.append((new, moved.id)) }
            change.names = names
        }
        return .passWith(.object(change))
    }

    private func link(
        _ object: FileObject, as name: FilePath.Component, in directory: FileObject,
        _ instance: FilterInstance
    ) throws(IOFailure) -> PreOperationAnswer {
        guard try entry(name, in: directory, instance) == nil else { return .passAndForget }
        let change = UndoNameChange()
        try recording.withLock { (_) throws(IOFailure) in
            _ = try record(object, instance)
            let entry = try touch(name, in: directory, nil, instance)
            change.names = entry.map { [($0, object.stream.id)] } ?? []
        }
        return .passWith(.object(change))
    }

    package func didChange(_ request: PostChange) {
        guard case .object(let change as UndoNameChange) = request.context, !request.isDraining,
            request.isSuccess
        else { return }
        if let gone = change.gone {
            known.withLock { known in
                if let birth = known.fresh[gone.file], birth == gone.birth {
                    known.fresh[gone.file] = nil
                }
                if known.files[gone.file]?.birth == gone.birth { known.files[gone.file] = nil }
            }
        }
        if !change.names.isEmpty { left(change.names) }
    }
}

extension FileChange.Allocation {
    /// The bytes that are other afterwards.
    fileprivate func changed(_ offset: UInt64, _ length: UInt64) -> Range<UInt64> {
        let end = offset.addingReportingOverflow(length)
        switch self {
        case .extend, .keepSize: return 0..<0
        case .punchHole, .zeroRange, .zeroRangeKeepingSize:
            return offset..<(end.overflow ? .max : end.partialValue)
        case .collapseRange, .insertRange: return offset..<UInt64.max
        }
    }
}
