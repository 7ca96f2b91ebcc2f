import BypassIOProtocol

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
