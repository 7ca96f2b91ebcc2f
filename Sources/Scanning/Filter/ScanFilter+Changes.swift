import BypassIOProtocol
public import IOStack

/// Changes pause bypass; after the last writer the file is scanned.
extension ScanFilter: PreWriteFilter, PostWriteFilter, PreChangeFilter, PostChangeFilter,
    CleanupFilter
{
    public func willWrite(_ write: PreWrite) -> PreOperationAnswer {
        beginChange(of: write.file, write.instance)
    }

    public func didWrite(_ write: PostWrite) { endChange(write.context) }

    public func willChange(_ request: PreChange) -> PreOperationAnswer {
        switch request.change {
        case .endOfFile, .allocation: beginChange(of: request.file, request.instance)
        default: .passAndForget
        }
    }

    public func didChange(_ change: PostChange) { endChange(change.context) }

    /// Vetoes first, by forgetting the verdict, then pauses, then lets the change through (spec
    /// 4.4). Every change pauses, not only the first: the first pause may still be waiting for
    /// reads in flight.
    func beginChange(of file: FileObject, _ instance: FilterInstance) -> PreOperationAnswer {
        guard file.stream.kind == .file else { return .passAndForget }
        let context = context(of: file.stream, instance)
        changes.note(file.stream.id)
        if context.beginChange() { table.forget(file.stream.id) }
        // An ENABLE that comes from here on meets the veto.
        guard file.stream.mayHaveBypass else { return .passWith(.object(context)) }
        do throws(IOFailure) {
            try instance.bypass.pause(file)
        } catch {
            // The filter is being detached and refuses no change any more.
            if error.status == .fltDeletingObject { return .passWith(.object(context)) }
            // Unpaused bypass would show unscanned bytes to other programs.
            context.endChange()
            return .failAs(error)
        }
        return .passWith(.object(context))
    }

    func endChange(_ context: CompletionContext) {
        if case .object(let context as ScannedFile) = context { context.endChange() }
    }

    // MARK: The last writer

    /// A handle that could write is gone. The file is opened while it can be, whatever its name.
    public func willCleanUp(_ cleanup: PreCleanup) {
        let (file, instance) = (cleanup.file, cleanup.instance)
        guard file.access.contains(.write), file.stream.kind == .file,
            !settings.excludes(file.openedPath),
            let context = instance.context(on: .stream(file.stream)) as? ScannedFile,
            context.isChanged, !parked.has(file.stream),
            let status = try? file.volume.fileSystem.status(of: file), status.linkCount > 0,
            let own = ownOpen(of: file, instance)
        else { return }
        parked.park(own, instance)?.close()
    }

    /// A file object is gone: of the last that could write the file is scanned now, so that the
    /// next open waits for nothing.
    func closed(_ file: FileObject, _ instance: FilterInstance) {
        guard file.access.contains(.write), file.volume.writerCount(of: file.stream) == 0,
            let own = parked.take(file.stream)
        else { return }
        examineLater(own, instance)
    }
}
