public import BypassIOProtocol
public import IOStack

/// Something that a program did to a file, once it was done or had failed.
public struct AuditedOperation: Sendable {
    public enum Kind: String, Sendable, CaseIterable {
        /// A file that was there.
        case open
        /// A directory, to be listed.
        case list
        case create
        /// A file without a name, in this directory.
        case createNameless
        case makeDirectory, makeLink, makeSpecial
        /// A handle is gone, with what was read and written by it.
        case close
        /// One read (``FileAudit/seesEachRead``).
        case read
        /// One that failed; those that succeed are in the handle's totals.
        case write
        case rename, exchange, link, remove, removeDirectory
        case truncate, allocate
        case permissions, owner, times, attributes, extendedAttribute
    }

    public let kind: Kind
    /// From the volume's root.
    public let path: String
    /// Of a rename and of a link.
    public var newPath: String?
    public let status: NTStatus
    public let user: UInt32
    public let group: UInt32
    public let actor: AuditedActor
    public var file: FileID?
    /// Of an open: `r`, `w` or both.
    public var access: String?
    /// An open cut the file to nothing.
    public var isTruncated = false
    /// Of one read or write: bytes from the file's start, and bytes that were moved.
    public var offset: UInt64?
    public var length: UInt64?
    /// Of a close.
    public var totals: AuditedTotals?

    init(
        _ kind: Kind, _ path: String, _ status: NTStatus, _ requestor: Requestor,
        _ actor: AuditedActor
    ) {
        self.kind = kind
        self.path = path
        self.status = status
        user = requestor.userID
        group = requestor.groupID
        self.actor = actor
    }
}

/// What came of a handle.
public struct AuditedTotals: Sendable, Equatable {
    /// Reads that the service carried, by route, and gated ones of the kernel.
    public var traditional: UInt64 = 0
    public var bypassed: UInt64 = 0
    public var gated: UInt64 = 0
    /// The kernel read the file itself for this handle: how often, nobody knows.
    public var isReadByKernel = false
    public var writes: UInt64 = 0
    public var bytesWritten: UInt64 = 0
}

/// The process that did it, as it was at that moment: its number may be another's later.
///
/// A class, since it is handed from hand to hand with each record.
public final class AuditedActor: Sendable {
    /// The process' number, by the service's numbers; 0 for nobody's, such as pages that the kernel
    /// writes back.
    public let process: Int32
    /// When it began, in ticks since the machine did (`starttime`, proc(5)); nil: it had ended.
    public let start: UInt64?
    /// The executable's path; nil: not known.
    public let program: String?
    public let session: Int32?

    public init(process: Int32, start: UInt64?, program: String?, session: Int32?) {
        self.process = process
        self.start = start
        self.program = program
        self.session = session
    }
}
