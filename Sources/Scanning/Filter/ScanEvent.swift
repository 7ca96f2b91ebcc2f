public import IOStack

/// What a scanner has to tell people.
public struct ScanEvent: Sendable {
    public enum Kind: String, Sendable {
        /// A file holds a signature.
        case infected
        /// Somebody wanted an infected file.
        case refused
        /// There is no verdict on a file that somebody wants.
        case unscanned
        /// An infected file was taken out of the volume.
        case quarantined
        /// That failed.
        case notQuarantined
        /// The engine cannot be reached.
        case away
        /// It can be reached again.
        case back
        /// It has other signatures.
        case updated
    }

    public let kind: Kind
    /// From the volume's root; nil: it is about no file.
    public let path: String?
    public let file: FileID?
    /// The signature's name.
    public let signature: String?
    /// Why, in a sentence without an end; of `quarantined` where the file is.
    public let reason: String?
    /// The request goes on.
    public let isAllowed: Bool
    /// Whose request; 0: nobody's.
    public let process: Int32
    public let user: UInt32

    init(
        _ kind: Kind, path: String? = nil, file: FileID? = nil, signature: String? = nil,
        reason: String? = nil, isAllowed: Bool = false, _ requestor: Requestor? = nil
    ) {
        self.kind = kind
        self.path = path
        self.file = file
        self.signature = signature
        self.reason = reason
        self.isAllowed = isAllowed
        process = requestor?.processID ?? 0
        user = requestor?.userID ?? 0
    }
}

/// How often a scanner did what since it was made.
public struct ScanCounts: Sendable, Equatable {
    /// Files that the engine gave a verdict on.
    public var scanned: UInt64 = 0
    /// Of these, files that hold a signature.
    public var infected: UInt64 = 0
    /// Opens and reads of infected files that failed.
    public var refused: UInt64 = 0
    /// Opens and reads without a verdict: those that went on, and those that failed.
    public var unscannedAllowed: UInt64 = 0
    public var unscannedRefused: UInt64 = 0
    public var quarantined: UInt64 = 0
}
