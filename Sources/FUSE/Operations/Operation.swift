/// A request of the kernel, parsed: each opcode is a case of its own.
///
/// Bytes stay in the message, of which an operation holds spans. It holds no reference, so to copy
/// it costs no count.
enum Operation: ~Escapable {
    // The connection.
    case initialize(InitRequest)
    case destroy
    case interrupt(InterruptRequest)
    // Nodes.
    case lookup(NameRequest)
    /// LOOKUP of ".", where handles of files were agreed on.
    case lookupSelf(RequestContext)
    /// LOOKUP of "..", where handles of files were agreed on.
    case lookupParent(RequestContext)
    case forget(ForgottenNode)
    case batchForget(ForgottenNodes)
    case getAttributes(GetAttributesRequest)
    case setAttributes(SetAttributesRequest)
    case extendedStatus(GetAttributesRequest)
    case readLink(RequestContext)
    case access(AccessRequest)
    // Names.
    case makeNode(MakeRequest)
    case makeDirectory(MakeRequest)
    case symbolicLink(SymbolicLinkRequest)
    case link(LinkRequest)
    case unlink(NameRequest)
    case removeDirectory(NameRequest)
    case rename(RenameRequest)
    case renameWithFlags(RenameRequest)
    // Open files.
    case open(OpenRequest)
    case create(CreateRequest)
    case temporaryFile(CreateRequest)
    case read(ReadRequest)
    case write(WrittenRange)
    case flush(FlushRequest)
    case release(ReleaseRequest)
    case synchronize(SynchronizeRequest)
    case allocate(AllocateRequest)
    case seek(SeekRequest)
    case copyFileRange(CopyFileRangeRequest)
    case copyFileRange64(CopyFileRangeRequest)
    case control(ControlRequest)
    // Directories.
    case openDirectory(OpenRequest)
    case readDirectory(ReadRequest)
    case readDirectoryPlus(ReadRequest)
    case releaseDirectory(ReleaseRequest)
    case synchronizeDirectory(SynchronizeRequest)
    // Extended attributes.
    case getExtendedAttribute(GetExtendedAttributeRequest)
    case listExtendedAttributes(ListExtendedAttributesRequest)
    case setExtendedAttribute(SetExtendedAttributeRequest)
    case removeExtendedAttribute(NameRequest)
    // Locks.
    case testLock(LockRequest)
    case setLock(LockRequest)
    case waitForLock(LockRequest)
    // The file system.
    case fileSystemStatus(RequestContext)
    case synchronizeFileSystem(RequestContext)
    // Not supported.
    case mapBlock
    case poll
    case notifyReply
    case setUpMapping
    case removeMapping
    /// An opcode that has no name here.
    case unknown(UInt32)
}
