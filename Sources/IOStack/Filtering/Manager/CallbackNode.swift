/// An instance's callbacks for one major function. Immutable: a caller that holds the node needs no
/// reference to what it calls through it.
final class CallbackNode: Sendable {
    let instance: FilterInstance
    let flags: OperationRegistration.Flags
    let preOperation: PreOperationCallback?
    let postOperation: PostOperationCallback?
    /// The function is the control's: a veto may stand for the filter, which then is not asked.
    let mayVeto: Bool

    init(
        instance: FilterInstance, flags: OperationRegistration.Flags,
        preOperation: PreOperationCallback?, postOperation: PostOperationCallback?,
        mayVeto: Bool
    ) {
        self.instance = instance
        self.flags = flags
        self.preOperation = preOperation
        self.postOperation = postOperation
        self.mayVeto = mayVeto
    }

    /// Whether the row's flags leave this request out.
    func skips(_ data: CallbackData) -> Bool {
        let major = data.majorFunction
        let isData = major == .read || major == .write
        if isData, let file = data.fileObject {
            if flags.contains(.skipCachedIO), !file.isNonCached { return true }
            if flags.contains(.skipNonCachedNonPagingIO), file.isNonCached { return true }
        }
        if flags.contains(.skipNonDASDIO), major != .create {
            return data.fileObject?.stream.kind != .volume
        }
        return false
    }
}
