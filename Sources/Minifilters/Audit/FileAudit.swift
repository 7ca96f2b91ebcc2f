import BypassIOProtocol
public import IOStack
import Synchronization

/// Tells of all that programs do to files: who opened, made, changed, renamed and removed what, and
/// for each handle, when it is gone, how much was read by which route and written.
///
/// Single reads are not told, so bypass costs them nothing: what went past the filter is in the
/// totals, but for reads that the kernel did alone, which nobody counts. With ``seesEachRead`` the
/// filter refuses bypass instead, and tells each read.
///
/// It stands above filters that refuse, so that it sees what they refuse.
///
/// Usable from any thread. Lock order: a handle's totals are atomics; nothing is locked.
public final class FileAudit: Filter, PostOpenFilter, PostWriteFilter, PostChangeFilter,
    CleanupFilter
{
    public let name = "audit"
    /// Lies at the upper end of FSFilter Activity Monitor.
    public let altitude = Altitude(integer: 389_500)
    public let supportedFeatures: FilterRegistration.Features = .bypassIO
    public let contexts: Set<ContextKind> = [.streamHandle]

    /// What the filter needs beside the volume.
    public struct Surroundings: Sendable {
        /// The process of a thread, as it is now; called on any thread, for each open and change.
        public var actor: @Sendable (Int32) -> AuditedActor
        /// Gets each operation on the thread that carried it. It must neither wait nor send
        /// requests.
        public var report: @Sendable (AuditedOperation) -> Void
        /// No operation of a volume comes any more.
        public var ended: @Sendable () -> Void

        public init(
            actor: @escaping @Sendable (Int32) -> AuditedActor,
            report: @escaping @Sendable (AuditedOperation) -> Void,
            ended: @escaping @Sendable () -> Void = {}
        ) {
            self.actor = actor
            self.report = report
            self.ended = ended
        }
    }

    /// Which files are told of.
    public struct Scope: Sendable {
        /// Empty: all.
        public var included: [PathPattern] = []
        public var excluded: [PathPattern] = []

        public init(included: [PathPattern] = [], excluded: [PathPattern] = []) {
            self.included = included
            self.excluded = excluded
        }

        func covers(_ path: String) -> Bool {
            (included.isEmpty || included.contains { $0.matches(path) })
                && !excluded.contains { $0.matches(path) }
        }
    }

    /// Bypass is refused, and each read is told.
    public let seesEachRead: Bool
    private let scope: Scope
    private let surroundings: Surroundings

    public init(
        seesEachRead: Bool = false, _ scope: Scope = Scope(), _ surroundings: Surroundings
    ) {
        self.seesEachRead = seesEachRead
        self.scope = scope
        self.surroundings = surroundings
    }

    public var kernelReads: KernelReadTerms? { seesEachRead ? .stoppable : .unwatched }

    // MARK: Coming and going

    public func didAttach(_ instance: FilterInstance) {
        guard seesEachRead else { return }
        try? instance.bypass.withdraw(
            .notSupportedWithAuditing, reason: "Every read of this volume is being audited.")
    }

    public func didDetach(
        _ instance: FilterInstance, _ reason: FilterRegistration.TeardownReason
    ) {
        surroundings.ended()
    }

    // MARK: Opens and closes

    public func didOpen(_ open: PostOpen) {
        guard open.isAudited, !open.isDraining else { return }
        let parameters = open.parameters
        let opened = open.data.openedFile
        let isNew = opened?.wasCreated ?? false
        // A look-up is no open.
        guard isNew || !parameters.options.contains(.attributesOnly) else { return }
        // Nobody got anything of what is not there.
        guard open.isSuccess || open.status != .objectNameNotFound else { return }
        let path = open.file?.openedPath ?? PreOpen.path(of: open.data)
        guard scope.covers(path) else { return }
        let actor = surroundings.actor(open.requestor.processID)
        var operation = AuditedOperation(
            parameters.kind(isNew: isNew, open.file), path, open.status, open.requestor, actor)
        operation.file = open.file?.stream.id
        operation.access = parameters.accessWord
        operation.isTruncated = !isNew && parameters.disposition.truncates
        surroundings.report(operation)
        guard open.isSuccess, let file = open.file, file.stream.kind != .directory,
            !parameters.options.contains(.attributesOnly)
        else { return }
        _ = try? open.instance.setContext(
            AuditedHandle(actor, open.requestor), on: .streamHandle(file))
    }

    public func willCleanUp(_ cleanup: PreCleanup) {
        let file = cleanup.file
        guard
            let handle = cleanup.instance.deleteContext(on: .streamHandle(file)) as? AuditedHandle
        else { return }
        var operation = AuditedOperation(
            .close, file.openedPath, .success, handle.requestor, handle.actor)
        operation.file = file.stream.id
        operation.totals = handle.totals(of: file)
        surroundings.report(operation)
    }

    // MARK: Reads and writes

    public func didWrite(_ write: PostWrite) {
        let file = write.file
        guard !write.isDraining, write.isAudited, scope.covers(file.openedPath) else { return }
        if write.isSuccess {
            handle(of: file, write.instance, write.requestor)?.wrote(write.count)
        } else {
            var operation = AuditedOperation(
                .write, file.openedPath, write.status, write.requestor,
                surroundings.actor(write.requestor.processID))
            (operation.offset, operation.length) = (write.offset, UInt64(max(0, write.length)))
            surroundings.report(operation)
        }
    }

    /// Pages of a mapping come by a handle that the service opened for them.
    private func handle(
        of file: FileObject, _ instance: FilterInstance, _ requestor: Requestor
    ) -> AuditedHandle? {
        if let known = instance.context(on: .streamHandle(file)) { return known as? AuditedHandle }
        let new = AuditedHandle(surroundings.actor(requestor.processID), requestor)
        guard let old = try? instance.setContext(new, on: .streamHandle(file), .keepIfExists)
        else { return new }
        return old as? AuditedHandle
    }

    private func didRead(_ data: CallbackData, _ count: Int) {
        guard case .read(let offset, _) = data.parameters, let file = data.fileObject,
            data.requestor.mode == .user, !data.flags.contains(.generatedIO),
            scope.covers(file.openedPath)
        else { return }
        var operation = AuditedOperation(
            .read, file.openedPath, data.ioStatus.status, data.requestor,
            surroundings.actor(data.requestor.processID))
        operation.file = file.stream.id
        (operation.offset, operation.length) = (offset, UInt64(max(0, count)))
        surroundings.report(operation)
    }

    /// Reads, where each is told, and extended attributes, which have no method.
    public var otherOperations: [OperationRegistration] {
        var rows = [
            OperationRegistration(
                .setEA, postOperation: { [self] data, _, _ in setAttribute(data) })
        ]
        guard seesEachRead else { return rows }
        rows.append(
            OperationRegistration(
                .read,
                preOperation: { [self] data, _ in
                    guard data.flags.contains(.kernelRead) else {
                        return .successWithCallback(.none)
                    }
                    // No filter learns how it ends.
                    if case .read(_, let length) = data.parameters { didRead(data, length) }
                    return .successNoCallback
                },
                postOperation: { [self] data, _, _ in
                    if !data.isDraining { didRead(data, data.ioStatus.information) }
                    return .finishedProcessing
                }))
        return rows
    }

    // MARK: Changes

    public func didChange(_ change: PostChange) {
        guard !change.isDraining, change.isAudited else { return }
        let (kind, path, newPath, length) = AuditedChange.words(change.change, change.file)
        guard scope.covers(path) || newPath.map(scope.covers) == true else { return }
        var operation = AuditedOperation(
            kind, path, change.status, change.requestor,
            surroundings.actor(change.requestor.processID))
        operation.newPath = newPath
        operation.length = length
        surroundings.report(operation)
    }

    private func setAttribute(_ data: CallbackData) -> PostOperationResult {
        guard !data.isDraining, data.requestor.mode == .user,
            !data.flags.contains(.generatedIO), let file = data.fileObject,
            scope.covers(file.openedPath)
        else { return .finishedProcessing }
        surroundings.report(
            AuditedOperation(
                .extendedAttribute, file.openedPath, data.ioStatus.status, data.requestor,
                surroundings.actor(data.requestor.processID)))
        return .finishedProcessing
    }
}
