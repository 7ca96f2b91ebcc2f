extension Operation {
    /// Takes the rest of a message apart, whose header was taken already.
    ///
    /// - Parameter agreed: on which features the structures depend.
    @_lifetime(copy reader)
    static func parsed(
        _ header: RequestHeader, _ reader: inout MessageReader, _ agreed: InitFlags
    ) throws(MalformedRequest) -> Operation {
        guard let opcode = Opcode(rawValue: header.opcode) else { return .unknown(header.opcode) }
        let context = RequestContext(header)
        return switch opcode {
        case .lookup: try lookup(context, &reader, agreed)
        case .forget: .forget(try ForgottenNode(context, &reader))
        case .getAttributes: .getAttributes(try .init(context, &reader))
        case .setAttributes: .setAttributes(try .init(context, &reader))
        case .readLink: .readLink(context)
        case .symbolicLink: .symbolicLink(try .init(context, &reader))
        case .makeNode: .makeNode(try .init(node: context, &reader))
        case .makeDirectory: .makeDirectory(try .init(directory: context, &reader))
        case .unlink: .unlink(try .init(context, &reader))
        case .removeDirectory: .removeDirectory(try .init(context, &reader))
        case .rename: .rename(try .init(context, &reader, withFlags: false))
        case .link: .link(try .init(context, &reader))
        case .open: .open(try .init(context, &reader))
        case .read: .read(try .init(context, &reader))
        case .write: .write(try .init(context, &reader))
        case .fileSystemStatus: .fileSystemStatus(context)
        case .release: .release(try .init(context, &reader))
        case .synchronize: .synchronize(try .init(context, &reader))
        case .setExtendedAttribute: .setExtendedAttribute(try .init(context, &reader, agreed))
        case .getExtendedAttribute: .getExtendedAttribute(try .init(context, &reader))
        case .listExtendedAttributes: .listExtendedAttributes(try .init(context, &reader))
        case .removeExtendedAttribute: .removeExtendedAttribute(try .init(context, text: &reader))
        case .flush: .flush(try .init(context, &reader))
        case .initialize: .initialize(try .init(&reader))
        case .openDirectory: .openDirectory(try .init(context, &reader))
        case .readDirectory: .readDirectory(try .init(context, &reader))
        case .releaseDirectory: .releaseDirectory(try .init(context, &reader))
        case .synchronizeDirectory: .synchronizeDirectory(try .init(context, &reader))
        case .testLock: .testLock(try .init(context, &reader))
        case .setLock: .setLock(try .init(context, &reader))
        case .waitForLock: .waitForLock(try .init(context, &reader))
        case .access: .access(try .init(context, &reader))
        case .create: .create(try .init(context, &reader, isNamed: true))
        case .interrupt: .interrupt(try .init(&reader))
        case .mapBlock: .mapBlock
        case .destroy: .destroy
        case .control: .control(try .init(context, &reader))
        case .poll: .poll
        case .notifyReply: .notifyReply
        case .batchForget: .batchForget(try .init(&reader))
        case .allocate: .allocate(try .init(context, &reader))
        case .readDirectoryPlus: .readDirectoryPlus(try .init(context, &reader))
        case .renameWithFlags: .renameWithFlags(try .init(context, &reader, withFlags: true))
        case .seek: .seek(try .init(context, &reader))
        case .copyFileRange: .copyFileRange(try .init(context, &reader))
        case .setUpMapping: .setUpMapping
        case .removeMapping: .removeMapping
        case .synchronizeFileSystem: .synchronizeFileSystem(context)
        case .temporaryFile: .temporaryFile(try .init(context, &reader, isNamed: false))
        case .extendedStatus: .extendedStatus(try .init(context, &reader))
        case .copyFileRange64: .copyFileRange64(try .init(context, &reader))
        }
    }

    /// The kernel asks for a node by its number where handles of files are agreed on.
    @_lifetime(copy reader)
    private static func lookup(
        _ context: RequestContext, _ reader: inout MessageReader, _ agreed: InitFlags
    ) throws(MalformedRequest) -> Operation {
        if agreed.contains(.exportSupport) {
            if reader.isName(ofDots: 1) { return .lookupSelf(context) }
            if reader.isName(ofDots: 2) { return .lookupParent(context) }
        }
        return .lookup(try NameRequest(context, &reader))
    }
}
