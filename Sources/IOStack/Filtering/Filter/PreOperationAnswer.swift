public import BypassIOProtocol

/// What a filter's `will` method says to a request. A status goes with the answer, so none is
/// forgotten (``PreOperationResult`` is what it comes to).
public enum PreOperationAnswer: Sendable {
    /// Go on. The type's `did` method hears how it ended, if the type has one.
    case pass
    /// Go on, and hand the context to the `did` method. That is also called where the instance goes
    /// away before the request ended (`PostRead.isDraining`): what is to be cleaned up is in the
    /// context.
    case passWith(CompletionContext)
    /// Go on; the `did` method is not called.
    case passAndForget
    /// Fail here: nothing below sees the request. The status is an error.
    case fail(NTStatus)
    /// Succeed here: nothing below sees the request. So many bytes were read, into the request's
    /// buffer, or written; 0 for others. No open ends so: there would be no file.
    case complete(Int)
    /// The filter keeps the request, and with it the view, and calls `PreRead.resume(_:)` or its
    /// like later, once, from any thread.
    case pend

    /// In the low level's words. A status that goes with it is set.
    @inline(__always)
    func result(for data: CallbackData, hasPost: Bool) -> PreOperationResult {
        switch self {
        case .pass: return hasPost ? .successWithCallback(.none) : .successNoCallback
        case .passWith(let context): return .successWithCallback(context)
        case .passAndForget: return .successNoCallback
        case .pend: return .pending
        case .fail, .complete:
            setStatus(of: data)
            return .complete
        }
    }

    /// The status that goes with the end of a request.
    func setStatus(of data: CallbackData) {
        switch self {
        case .fail(let status): data.fail(status)
        case .complete(let count): data.ioStatus = IOStatusBlock(.success, information: count)
        case .pass, .passWith, .passAndForget, .pend: break
        }
    }
}

extension CallbackData {
    /// As ``completePendedPreOperation(_:_:)-(_,PreOperationResult)``, with the status that goes
    /// with it.
    func completePendedPreOperation(
        _ instance: FilterInstance, _ answer: PreOperationAnswer
    ) -> NTStatus {
        let result: PreOperationResult
        switch answer {
        // A context for nobody is dropped by the manager.
        case .pass: result = .successWithCallback(.none)
        case .passWith(let context): result = .successWithCallback(context)
        case .passAndForget: result = .successNoCallback
        case .fail, .complete: result = .complete
        case .pend: return .invalidParameter
        }
        // Only where the request is still the filter's: a late second call changes nothing.
        return parking.resume(
            .preOperation(result), by: RequestParking.Keeper(instance, .down),
            first: { answer.setStatus(of: self) })
    }
}
