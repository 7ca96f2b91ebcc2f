public import BypassIOProtocol

/// An ENABLE or a QUERY on its way down: may the reads of a file go past the filter?
public struct BypassQuestion: Sendable {
    public let data: CallbackData
    public let instance: FilterInstance
    /// `enable` or `query`.
    public let operation: BypassIOOperation

    init(_ data: CallbackData, _ instance: FilterInstance, _ operation: BypassIOOperation) {
        self.data = data
        self.instance = instance
        self.operation = operation
    }

    /// A file; for a QUERY also a directory or the volume.
    public var file: FileObject { data.existingFile }
    public var requestor: Requestor { data.requestor }

    /// The question is an ENABLE. If no layer vetoes it, reads of the file object no longer pass
    /// the filters.
    public var isEnable: Bool { operation == .enable }

    /// The ENABLE is asked again, because bypass was withdrawn while it was under way.
    public var isReissued: Bool { data.flags.contains(.reissued) }
}

/// A filter's answer to a ``BypassQuestion``.
public enum BypassAnswer: Sendable {
    /// The filter does not object: ask the next layer.
    case pass
    /// `FltVetoBypassIo`: the question ends here, with the filter's name. The status is an error,
    /// the reason one English sentence of at most 128 UTF-16 units.
    case veto(NTStatus, reason: String)
}

/// A STREAM_RESUME on its way down.
public struct BypassResume: Sendable {
    public let data: CallbackData
    public let instance: FilterInstance

    init(_ data: CallbackData, _ instance: FilterInstance) {
        self.data = data
        self.instance = instance
    }

    public var file: FileObject { data.existingFile }
    public var requestor: Requestor { data.requestor }
}

/// A `will` method's answer to a request. The answer carries the status, so that a filter cannot
/// forget to set it (``PreOperationResult`` is the low level's form).
public enum PreOperationAnswer: Sendable {
    /// Go on. The type's `did` method, if there is one, sees the end.
    case pass
    /// Go on, and hand the context to the `did` method. That method is also called if the instance
    /// goes away before the request has ended (`PostRead.isDraining`), to clean up the context.
    case passWith(CompletionContext)
    /// Go on; the `did` method is not called.
    case passAndForget
    /// Fail here; no layer below sees the request. The status is an error.
    case fail(NTStatus)
    /// Fail here as a request of the filter's own failed below: a program on a mount gets that
    /// errno.
    case failAs(IOFailure)
    /// Succeed here; no layer below sees the request. The count is the bytes read into the
    /// request's buffer, or written; 0 for other requests. An open cannot end so, because there
    /// would be no file.
    case complete(Int)
    /// The filter keeps the request and its view. It calls `PreRead.resume(_:)` or its like later,
    /// once, from any thread.
    case pend

    /// The answer in the low level's form. Sets the answer's status.
    @inline(__always)
    func result(for data: CallbackData, hasPost: Bool) -> PreOperationResult {
        switch self {
        case .pass: return hasPost ? .successWithCallback(.none) : .successNoCallback
        case .passWith(let context): return .successWithCallback(context)
        case .passAndForget: return .successNoCallback
        case .pend: return .pending
        case .fail, .failAs, .complete:
            setStatus(of: data)
            return .complete
        }
    }

    /// Sets the status with which the answer ends the request.
    func setStatus(of data: CallbackData) {
        switch self {
        case .fail(let status): data.fail(status)
        case .failAs(let failure): data.fail(failure.status, hostErrno: failure.hostErrno)
        case .complete(let count): data.ioStatus = IOStatusBlock(.success, information: count)
        case .pass, .passWith, .passAndForget, .pend: break
        }
    }
}

extension CallbackData {
    /// As ``completePendedPreOperation(_:_:)-(_,PreOperationResult)``, and sets the answer's
    /// status.
    func completePendedPreOperation(
        _ instance: FilterInstance, _ answer: PreOperationAnswer
    ) -> NTStatus {
        let result: PreOperationResult
        switch answer {
        // If there is no post callback, the manager drops the context.
        case .pass: result = .successWithCallback(.none)
        case .passWith(let context): result = .successWithCallback(context)
        case .passAndForget: result = .successNoCallback
        case .fail, .failAs, .complete: result = .complete
        case .pend: return .invalidParameter
        }
        // Only while the request is still the filter's: a late second call changes nothing.
        return parking.resume(
            .preOperation(result), by: RequestParking.Keeper(instance, .down),
            first: { answer.setStatus(of: self) })
    }
}
