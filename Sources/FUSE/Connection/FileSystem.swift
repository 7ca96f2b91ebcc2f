/// A FUSE service implements this: a function for each request, with a reply that must be used
/// once. A request without a function is answered with ENOSYS, and then the kernel does without it.
///
/// Every function may be called from any of the session's threads, several at once. Requests and
/// the buffers they lend are good until the function returns; a reply without a buffer may be kept
/// and used later, from any thread.
public protocol FileSystem: AnyObject, Sendable {
    /// Features that the service honours; asked for once, if the kernel offers them. By default
    /// none.
    var features: InitFlags { get }
    /// How many file systems that pass reads on (FUSE passthrough, overlayfs) may stand below this
    /// one and it, 1 or 2, where ``InitFlags/passthrough`` is among the features: 1 for backing
    /// files on a plain file system. By default 1.
    var maximumStackDepth: UInt32 { get }

    // MARK: Nodes

    func lookup(_ request: borrowing NameRequest, _ reply: consuming EntryReply)
    /// With ``InitFlags/exportSupport``: LOOKUP of a node by its number, which the kernel may have
    /// forgotten, and the service with it. ESTALE if there is no such file any more. A success
    /// counts as a lookup of that node.
    func lookupSelf(_ context: RequestContext, _ reply: consuming EntryReply)
    /// With ``InitFlags/exportSupport``: LOOKUP of a directory's parent.
    func lookupParent(_ context: RequestContext, _ reply: consuming EntryReply)
    /// The kernel forgot `count` lookups of a node.
    func forget(node: NodeID, count: UInt64)
    func getAttributes(_ request: GetAttributesRequest, _ reply: consuming AttributesReply)
    func setAttributes(_ request: SetAttributesRequest, _ reply: consuming AttributesReply)
    func extendedStatus(_ request: GetAttributesRequest, _ reply: consuming StatusReply)
    func readLink(_ context: RequestContext, _ reply: consuming BytesReply)

    // MARK: Names

    func makeNode(_ request: borrowing MakeRequest, _ reply: consuming EntryReply)
    func makeDirectory(_ request: borrowing MakeRequest, _ reply: consuming EntryReply)
    func symbolicLink(_ request: borrowing SymbolicLinkRequest, _ reply: consuming EntryReply)
    func link(_ request: borrowing LinkRequest, _ reply: consuming EntryReply)
    func unlink(_ request: borrowing NameRequest, _ reply: consuming EmptyReply)
    func removeDirectory(_ request: borrowing NameRequest, _ reply: consuming EmptyReply)
    func rename(_ request: borrowing RenameRequest, _ reply: consuming EmptyReply)

    // MARK: Open files

    func open(_ request: OpenRequest, _ reply: consuming OpenReply)
    func create(_ request: borrowing CreateRequest, _ reply: consuming CreateReply)
    func temporaryFile(_ request: borrowing CreateRequest, _ reply: consuming CreateReply)
    func read(_ request: ReadRequest, _ reply: consuming ReadReply)
    /// Asked before ``read(_:_:)``: where the bytes lie, if the session may fetch them by itself,
    /// many at once and without a thread that waits for each; nil, the default, has `read` called.
    /// Must not wait for anything that a read which was begun may hold up.
    func beginRead(_ request: ReadRequest) -> BackingRead?
    func write(_ request: borrowing WriteRequest, _ reply: consuming WriteReply)
    func flush(_ request: FlushRequest, _ reply: consuming EmptyReply)
    func release(_ request: ReleaseRequest, _ reply: consuming EmptyReply)
    func synchronize(_ request: SynchronizeRequest, _ reply: consuming EmptyReply)
    func allocate(_ request: AllocateRequest, _ reply: consuming EmptyReply)
    func seek(_ request: SeekRequest, _ reply: consuming SeekReply)
    func copyFileRange(_ request: CopyFileRangeRequest, _ reply: consuming CopyReply)
    func control(_ request: borrowing ControlRequest, _ reply: consuming ControlReply)

    // MARK: Directories

    func openDirectory(_ request: OpenRequest, _ reply: consuming OpenReply)
    func readDirectory(_ request: ReadRequest, _ reply: consuming DirectoryReply)
    func readDirectoryPlus(_ request: ReadRequest, _ reply: consuming DirectoryReply)
    func releaseDirectory(_ request: ReleaseRequest, _ reply: consuming EmptyReply)
    func synchronizeDirectory(_ request: SynchronizeRequest, _ reply: consuming EmptyReply)

    // MARK: Extended attributes

    func getExtendedAttribute(
        _ request: borrowing ExtendedAttributeRequest, _ reply: consuming ExtendedAttributeReply)
    func listExtendedAttributes(
        _ context: RequestContext, _ reply: consuming ExtendedAttributeReply)
    func setExtendedAttribute(
        _ request: borrowing SetExtendedAttributeRequest, _ reply: consuming EmptyReply)
    func removeExtendedAttribute(_ request: borrowing NameRequest, _ reply: consuming EmptyReply)

    // MARK: Locks

    func testLock(_ request: LockRequest, _ reply: consuming LockReply)
    /// Fails with EAGAIN where another owner holds the lock.
    func setLock(_ request: LockRequest, _ reply: consuming EmptyReply)
    /// Waits for the lock, keeping the reply.
    func waitForLock(_ request: LockRequest, _ reply: consuming EmptyReply)
    /// The caller of a request was interrupted: the request should end soon, with EINTR. It may
    /// have ended already, and it may not have begun: it is told once, so a service that keeps
    /// replies must remember the number until the request comes. Requests that wait on a thread of
    /// the session need it not (``WorkerThread``). Must not wait for anything.
    func interrupt(unique: RequestID)

    // MARK: The file system

    func access(_ context: RequestContext, mask: UInt32, _ reply: consuming EmptyReply)
    func fileSystemStatus(_ context: RequestContext, _ reply: consuming FileSystemStatusReply)
    func synchronizeFileSystem(_ context: RequestContext, _ reply: consuming EmptyReply)
    /// DESTROY. The kernel sends it to file systems on block devices alone, so a mount of ours ends
    /// without it: see ``Session/waitUntilEnded()``.
    func destroy()
}
