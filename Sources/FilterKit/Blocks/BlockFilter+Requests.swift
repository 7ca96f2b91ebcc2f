import BypassIOProtocol
public import IOStack

// What programs ask of files that have a key.
extension BlockFilter {
    // MARK: Opens

    /// A file is cut under its lock, not by the open: otherwise it could be cut in the middle of
    /// another handle's write.
    public func willOpen(_ open: PreOpen) -> PreOperationAnswer {
        if let refused = refusal(of: open) { return .failAs(refused) }
        switch open.parameters.disposition {
        case .overwrite: open.parameters.disposition = .open
        case .overwriteIf: open.parameters.disposition = .openIf
        default: return .passAndForget
        }
        return .pass
    }

    public func didOpen(_ open: PostOpen) {
        guard let file = open.file, !open.isDraining, open.parameters.disposition.truncates,
            file.stream.kind == .file
        else { return }
        do throws(IOFailure) {
            let lower = LowerFile(
                of: file, mayWrite: true, open.instance, for: open.requestor)
            let blocks = try blocks(of: file, open.instance)
            let isCut: Void? = try blocks.changing(file, open.instance) {
                codec throws(IOFailure) in try codec.resize(lower, to: 0)
            }
            if isCut == nil { try lower.apply(.endOfFile(0)) }
        } catch {
            open.data.fail(error.status, hostErrno: error.hostErrno)
        }
    }

    /// A file object of the filter's own goes with the program's.
    public func willCleanUp(_ cleanup: PreCleanup) {
        cleanup.instance.deleteContext(on: .streamHandle(cleanup.file))
    }

    // MARK: Data

    public func willRead(_ read: PreRead) -> PreOperationAnswer {
        answering(read) { blocks throws(IOFailure) in
            guard !read.isKernelRead else {
                return try blocks.isLeftAlone(read.file, read.instance)
                    ? nil : .fail(refusal.status)
            }
            guard let buffer = read.buffer, read.length >= 0, read.length <= buffer.capacity else {
                throw IOFailure(.invalidParameter)
            }
            let count = try blocks.reading(read.file, read.instance) { codec throws(IOFailure) in
                let lower = LowerFile(
                    of: read.file, mayWrite: false, read.instance, for: read.requestor)
                return try codec.read(
                    lower, at: read.offset, length: read.length, into: buffer,
                    blocksAtOnce: blocks.blocksAtOnce)
            }
            return count.map { .complete($0) }
        }
    }

    public func willWrite(_ write: PreWrite) -> PreOperationAnswer {
        answering(write) { blocks throws(IOFailure) in
            guard let buffer = write.buffer, write.length >= 0, write.length <= buffer.capacity
            else { throw IOFailure(.invalidParameter) }
            let file = write.file
            let count = try blocks.changing(file, write.instance) { codec throws(IOFailure) in
                let lower = LowerFile(
                    of: file, mayWrite: true, write.instance, for: write.requestor)
                let offset =
                    file.options.contains(.append)
                    ? codec.layout.size(ofStored: try lower.size()) : write.offset
                return try codec.write(
                    lower, at: offset, length: write.length, from: buffer,
                    blocksAtOnce: blocks.blocksAtOnce)
            }
            return count.map { .complete($0) }
        }
    }

    // MARK: Changes

    public func willChange(_ change: PreChange) -> PreOperationAnswer {
        if let refused = refusal(of: change) { return .failAs(refused) }
        switch change.change {
        case .endOfFile(let size):
            return resizing(change) { codec, lower throws(IOFailure) in
                try codec.resize(lower, to: size)
            }
        case .allocation(let allocation, let offset, let length):
            return resizing(change) { codec, lower throws(IOFailure) in
                try codec.allocate(lower, allocation, offset: offset, length: length)
            }
        default: return .passAndForget
        }
    }

    private func resizing(
        _ change: PreChange,
        _ body: (BlockCodec<Self>, LowerFile) throws(IOFailure) -> Void
    ) -> PreOperationAnswer {
        answering(change) { blocks throws(IOFailure) in
            let done: Void? = try blocks.changing(change.file, change.instance) {
                codec throws(IOFailure) in
                let lower = LowerFile(
                    of: change.file, mayWrite: true, change.instance, for: change.requestor)
                try body(codec, lower)
            }
            return done.map { .complete(0) }
        }
    }

    /// - Parameter body: nil where the filter leaves the file alone.
    private func answering(
        _ request: some PreOperation,
        _ body: (BlockFile<Self>) throws(IOFailure) -> PreOperationAnswer?
    ) -> PreOperationAnswer {
        guard let file = request.data.fileObject, file.stream.kind == .file else {
            return .passAndForget
        }
        do throws(IOFailure) {
            return try body(blocks(of: file, request.instance)) ?? .passAndForget
        } catch {
            return .failAs(error)
        }
    }

    // MARK: Bypass

    public func bypass(_ question: BypassQuestion) -> BypassAnswer {
        guard question.file.stream.kind == .file else { return .pass }
        let isLeftAlone = try? blocks(of: question.file, question.instance).isLeftAlone(
            question.file, question.instance)
        return isLeftAlone == true ? .pass : .veto(refusal.status, reason: refusal.reason)
    }
}
