internal import SystemPackage

/// A function that a service does not implement is answered with ENOSYS.
extension FileSystem {
    public var features: InitFlags { [] }

    public var maximumStackDepth: UInt32 { 1 }

    public func lookup(_ request: borrowing NameRequest, _ reply: consuming EntryReply) {
        reply.fail(.noFunction)
    }

    public func lookupSelf(_ context: RequestContext, _ reply: consuming EntryReply) {
        reply.fail(.staleNFSFileHandle)
    }

    public func lookupParent(_ context: RequestContext, _ reply: consuming EntryReply) {
        reply.fail(.staleNFSFileHandle)
    }

    public func forget(node: NodeID, count: UInt64) {}

    public func getAttributes(_ request: GetAttributesRequest, _ reply: consuming AttributesReply) {
        reply.fail(.noFunction)
    }

    public func setAttributes(_ request: SetAttributesRequest, _ reply: consuming AttributesReply) {
        reply.fail(.noFunction)
    }

    public func extendedStatus(_ request: GetAttributesRequest, _ reply: consuming StatusReply) {
        reply.fail(.noFunction)
    }

    public func readLink(_ context: RequestContext, _ reply: consuming BytesReply) {
        reply.fail(.noFunction)
    }

    public func makeNode(_ request: borrowing MakeRequest, _ reply: consuming EntryReply) {
        reply.fail(.noFunction)
    }

    public func makeDirectory(_ request: borrowing MakeRequest, _ reply: consuming EntryReply) {
        reply.fail(.noFunction)
    }

    public func symbolicLink(
        _ request: borrowing SymbolicLinkRequest, _ reply: consuming EntryReply
    ) {
        reply.fail(.noFunction)
    }

    public func link(_ request: borrowing LinkRequest, _ reply: consuming EntryReply) {
        reply.fail(.noFunction)
    }

    public func unlink(_ request: borrowing NameRequest, _ reply: consuming EmptyReply) {
        reply.fail(.noFunction)
    }

    public func removeDirectory(_ request: borrowing NameRequest, _ reply: consuming EmptyReply) {
        reply.fail(.noFunction)
    }

    public func rename(_ request: borrowing RenameRequest, _ reply: consuming EmptyReply) {
        reply.fail(.noFunction)
    }

    public func open(_ request: OpenRequest, _ reply: consuming OpenReply) {
        reply.fail(.noFunction)
    }

    public func create(_ request: borrowing CreateRequest, _ reply: consuming CreateReply) {
        reply.fail(.noFunction)
    }

    public func temporaryFile(_ request: borrowing CreateRequest, _ reply: consuming CreateReply) {
        reply.fail(.noFunction)
    }

    public func read(_ request: ReadRequest, _ reply: consuming ReadReply) {
        reply.fail(.noFunction)
    }

    public func beginRead(_ request: ReadRequest) -> BackingRead? { nil }

    public func write(_ request: borrowing WriteRequest, _ reply: consuming WriteReply) {
        reply.fail(.noFunction)
    }

    public func flush(_ request: FlushRequest, _ reply: consuming EmptyReply) {
        reply.fail(.noFunction)
    }

    public func release(_ request: ReleaseRequest, _ reply: consuming EmptyReply) {
        reply.fail(.noFunction)
    }

    public func synchronize(_ request: SynchronizeRequest, _ reply: consuming EmptyReply) {
        reply.fail(.noFunction)
    }

    public func allocate(_ request: AllocateRequest, _ reply: consuming EmptyReply) {
        reply.fail(.noFunction)
    }

    public func seek(_ request: SeekRequest, _ reply: consuming SeekReply) {
        reply.fail(.noFunction)
    }

    public func copyFileRange(_ request: CopyFileRangeRequest, _ reply: consuming CopyReply) {
        reply.fail(.noFunction)
    }

    public func control(_ request: borrowing ControlRequest, _ reply: consuming ControlReply) {
        reply.fail(.noFunction)
    }

    public func openDirectory(_ request: OpenRequest, _ reply: consuming OpenReply) {
        reply.fail(.noFunction)
    }

    public func readDirectory(_ request: ReadRequest, _ reply: consuming DirectoryReply) {
        reply.fail(.noFunction)
    }

    public func readDirectoryPlus(_ request: ReadRequest, _ reply: consuming DirectoryReply) {
        reply.fail(.noFunction)
    }

    public func releaseDirectory(_ request: ReleaseRequest, _ reply: consuming EmptyReply) {
        reply.fail(.noFunction)
    }

    public func synchronizeDirectory(_ request: SynchronizeRequest, _ reply: consuming EmptyReply) {
        reply.fail(.noFunction)
    }

    public func getExtendedAttribute(
        _ request: borrowing ExtendedAttributeRequest, _ reply: consuming ExtendedAttributeReply
    ) {
        reply.fail(.noFunction)
    }

    public func listExtendedAttributes(
        _ context: RequestContext, _ reply: consuming ExtendedAttributeReply
    ) {
        reply.fail(.noFunction)
    }

    public func setExtendedAttribute(
        _ request: borrowing SetExtendedAttributeRequest, _ reply: consuming EmptyReply
    ) {
        reply.fail(.noFunction)
    }

    public func removeExtendedAttribute(
        _ request: borrowing NameRequest, _ reply: consuming EmptyReply
    ) {
        reply.fail(.noFunction)
    }

    public func testLock(_ request: LockRequest, _ reply: consuming LockReply) {
        reply.fail(.noFunction)
    }

    public func setLock(_ request: LockRequest, _ reply: consuming EmptyReply) {
        reply.fail(.noFunction)
    }

    public func waitForLock(_ request: LockRequest, _ reply: consuming EmptyReply) {
        reply.fail(.noFunction)
    }

    public func interrupt(unique: RequestID) {}

    public func access(_ context: RequestContext, mask: UInt32, _ reply: consuming EmptyReply) {
        reply.fail(.noFunction)
    }

    public func fileSystemStatus(
        _ context: RequestContext, _ reply: consuming FileSystemStatusReply
    ) {
        reply.fail(.noFunction)
    }

    public func synchronizeFileSystem(_ context: RequestContext, _ reply: consuming EmptyReply) {
        reply.fail(.noFunction)
    }

    public func destroy() {}
}
