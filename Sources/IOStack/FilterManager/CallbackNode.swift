/// One instance's callbacks for one major function. Not copyable: a request that passes it touches
/// no reference count.
struct CallbackNode: ~Copyable, Sendable {
    let instance: FilterInstance
    let flags: OperationRegistration.Flags
    let preOperation: PreOperationCallback?
    let postOperation: PostOperationCallback?

    init(
        instance: FilterInstance, flags: OperationRegistration.Flags,
        preOperation: PreOperationCallback?, postOperation: PostOperationCallback?
    ) {
        self.instance = instance
        self.flags = flags
        self.preOperation = preOperation
        self.postOperation = postOperation
    }

    /// Whether the row's flags leave this request out.
    func skips(_ data: CallbackData) -> Bool {
        guard !flags.isEmpty else { return false }
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
