import BypassIOProtocol
import SystemPackage

/// The answer to a read that the kernel holds at the gate.
extension Volume {
    /// nil: the read may pass. Otherwise the failure for the program.
    func answer(_ read: KernelRead, of stream: Stream) -> IOFailure? {
        // Any file object that the kernel reads for: the host does not tell which it is.
        for file in stream.kernelReaders where file.retain() {
            defer { file.release() }
            return answer(read, of: file)
        }
        return nil
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
        data.descent.begin(currentOperations(for: .read), below: nil)
        let failure: IOFailure? =
            switch runDown(data) {
            case .completed: data.ioStatus.failure ?? .needsData
            case .reachedFileSystem, .pended: wantsData(data) ? .needsData : nil
            }
        data.flags.insert(.draining)
        runUp(data)
        data.descent.finish()
        return failure
    }

    /// Whether a filter that never agreed to kernel reads waits for the bytes of this read.
    private func wantsData(_ data: CallbackData) -> Bool {
        guard let chain = data.descent.chain else { return false }
        return data.descent.visits.contains { visit in
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
