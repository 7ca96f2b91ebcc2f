import BypassIOProtocol
import SystemPackage

/// Closes and opens the gates of kernel reads as their causes demand.
extension Volume {
    /// Why the kernel's reads of a stream have to ask the stack now; nil: they need not.
    ///
    /// A DISABLE that settles does not count: it keeps the service's own reads out for a moment,
    /// and concerns one handle.
    func kernelReadCause(of stream: Stream) -> KernelReadCause? {
        if let cause = stream.bypass.gate.closed.subtracting(.settling).firstCause {
            return .traditional(cause)
        }
        let closed = bypass.gate.closed
        if closed.contains(.filtersBlocked) { return .traditional(.filterAttachBlocked) }
        if let filter = currentChain.firstAskedOfKernelReads { return .filter(filter) }
        if closed.contains(.storagePaused) { return .volumeStackPaused }
        if closed.contains(.storageRefused) { return .volumeDriverRefuses }
        if stream.kernelReads.current?.isAnyDisabled == true { return .disabled }
        return nil
    }

    /// A filter agreed to kernel reads because it can stop them, or never agreed.
    private var mayStopKernelReads: Bool {
        currentChain.first(demandingMoreThan: .unwatched) != nil
    }

    /// Reports a gate's moves to the volume's observer; nil if there is none.
    func tellingGate(of file: VolumeEvent.NamedFile) -> KernelReads.MoveTold? {
        guard let observer else { return nil }
        return { [weak self] move in
            guard let self else { return }
            observer.saw(.kernelGate(file, move), on: self)
        }
    }

    /// Closes or opens the gate of the stream's kernel reads after one of its causes changed. If it
    /// returns after a cause was set, every kernel read that begins asks the stack, and those that
    /// had begun are done.
    ///
    /// Throws the host's error if the host refuses the gate; then kernel reads go on.
    @discardableResult
    func settleKernelReads(
        of stream: Stream, until bound: DrainLimit = { nil }
    ) throws(IOFailure) -> DrainEnd {
        guard let reads = stream.kernelReads.current else { return .drained }
        return try reads.settle(until: bound, isStoppable: { mayStopKernelReads }) {
            kernelReadCause(of: stream)
        }
    }

    /// As ``settleKernelReads(of:until:)`` for every stream. All are settled before the first
    /// failure is thrown. Every gate is in the way before any is drained, so that the host looks
    /// for reads once.
    @discardableResult
    func settleKernelReads(until bound: DrainLimit = { nil }) throws(IOFailure) -> DrainEnd {
        var failure: IOFailure?
        var undrained: [(reads: KernelReads, closing: UInt64)] = []
        for stream in kernelReadStreams.withLock({ Array($0.values) }) {
            guard let reads = stream.kernelReads.current else { continue }
            do throws(IOFailure) {
                let closing = try reads.put(isStoppable: { mayStopKernelReads }) {
                    kernelReadCause(of: stream)
                }
                if let closing {
                    undrained.append((reads, closing))
                }
            } catch {
                failure = failure ?? error
            }
        }
        let end = KernelReads.drain(undrained, until: bound)
        if let failure { throw failure }
        return end
    }
}

extension Stream {
    /// The open file objects whose programs may have the kernel read.
    var kernelReaders: [FileObject] {
        (kernelReads.current?.holders ?? []).compactMap { $0 as? FileObject }
    }
}

extension FilterChain {
    /// The highest filter that wants to be asked about each kernel read, or never agreed to any.
    var firstAskedOfKernelReads: String? {
        instances.first { $0.filter.kernelReads <= .asked }?.filter.name
    }

    /// The highest filter whose terms are below `terms`.
    func first(demandingMoreThan terms: KernelReadTerms) -> FilterInstance? {
        instances.first { $0.filter.kernelReads < terms }
    }
}

/// The answer to a read that the kernel holds at the gate.
extension Volume {
    /// nil: the read may pass. Otherwise the failure for the program.
    func answer(_ read: KernelRead, of stream: Stream) -> IOFailure? {
        // Any file object that the kernel reads for: the host does not tell which it is.
        for file in stream.kernelReaders where file.retain() {
            defer { file.release() }
            guard gateTimes.begin() == 0, !layers.isOn else { return observedAnswer(read, file) }
            return answer(read, of: file)
        }
        return nil
    }

    /// The answer, while somebody looks how long it takes or traces.
    private func observedAnswer(_ read: KernelRead, _ file: FileObject) -> IOFailure? {
        let observer = layers.present
        observer?.held(read, of: file)
        let began = LayerClock.now
        let failure = answer(read, of: file)
        gateTimes.record(.read, from: began, to: LayerClock.now)
        observer?.answered(read, failure)
        return failure
    }

    private func answer(_ read: KernelRead, of file: FileObject) -> IOFailure? {
        // The gate was opened meanwhile.
        guard let cause = kernelReadCause(of: file.stream) else { return nil }
        file.counters.countGated(read.length)
        if cause.concernsFilters, let failure = askFilters(read, file) { return failure }
        let closed = bypass.gate.closed
        if !closed.isDisjoint(with: [.storagePaused, .storageRefused]) {
            let extent = StorageExtent(
                handle: file.storage ?? StorageHandle(rawValue: -1), offset: read.offset,
                length: read.length)
            // The volume drivers would have to see the bytes.
            guard stack.drivers.allSatisfy({ $0.allowsUnseen(VolumeTransfer(.read, extent)) })
            else { return .needsData }
        }
        return nil
    }

    /// Runs the pre-read callbacks with a request that has no buffer, and tells the filters that
    /// wait for its end that they will not see it.
    private func askFilters(_ read: KernelRead, _ file: FileObject) -> IOFailure? {
        let opener = file.requestor
        let data = CallbackData(
            .read(offset: read.offset, length: read.length), fileObject: file,
            requestor: Requestor(
                mode: .user, userID: opener.userID, groupID: opener.groupID,
                processID: Int32(bitPattern: read.thread),
                mayAdministerVolume: opener.mayAdministerVolume))
        data.flags.insert(.kernelRead)
        let chain = currentOperations(for: .read)
        data.descent.begin(chain, below: nil)
        let failure: IOFailure? =
            switch runDown(data, in: chain) {
            case .completed: data.ioStatus.failure ?? .needsData
            case .reachedFileSystem, .pended: wantsData(data, in: chain) ? .needsData : nil
            }
        data.flags.insert(.draining)
        runUp(data, in: chain)
        data.descent.finish()
        return failure
    }

    /// Whether a filter that never agreed to kernel reads waits for the bytes of this read.
    private func wantsData(_ data: CallbackData, in chain: OperationChain) -> Bool {
        data.descent.visits.contains { visit in
            chain.withNode(visit.node) { $0.instance.filter.kernelReads == .refused }
        }
    }
}

extension KernelReadCause {
    /// A paused volume stack leaves the filters bypassed (spec 4.1).
    fileprivate var concernsFilters: Bool {
        switch self {
        case .traditional, .filter, .disabled: true
        case .volumeStackPaused, .volumeDriverRefuses: false
        }
    }
}

extension IOFailure {
    /// `EBUSY`: a layer has to see or change the bytes, which only a new open of the file allows.
    fileprivate static var needsData: IOFailure { IOFailure(errno: .resourceBusy) }
}
