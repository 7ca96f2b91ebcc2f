import Testing

@testable import FUSE

/// Each opcode has a case of its own in the parsed message.
@Suite("Operations")
struct OperationTests {
    private func parse<R>(
        _ message: RequestMessage, _ agreed: InitFlags = [], _ body: (Operation) throws -> R
    ) throws -> R {
        let bytes = message.finished()
        var reader = MessageReader(bytes.span)
        let header = try RequestHeader(&reader)
        return try body(try Operation.parsed(header, &reader, agreed))
    }

    @Test("every opcode ends in a case of its own", arguments: Opcode.allCases)
    func ownCase(_ opcode: Opcode) throws {
        try #expect(parse(.valid(opcode), [.extendedSetAttribute]) { $0.opcode } == opcode)
    }

    @Test("an opcode that has no name here stays what it is", arguments: [0, 7, 19, 54, .max])
    func unknown(_ number: UInt32) throws {
        let kept = try parse(RequestMessage(number)) { operation -> UInt32? in
            if case .unknown(let number) = operation { number } else { nil }
        }
        #expect(kept == number)
    }

    @Test("names of dots are LOOKUPs of nodes only where handles of files were agreed on")
    func dots() throws {
        func isItself(_ operation: Operation) -> Bool {
            if case .lookupSelf = operation { true } else { false }
        }
        func isParent(_ operation: Operation) -> Bool {
            if case .lookupParent = operation { true } else { false }
        }
        let (one, two) = (RequestMessage(.lookup).text("."), RequestMessage(.lookup).text(".."))
        #expect(try parse(one, .exportSupport, isItself))
        #expect(try parse(two, .exportSupport, isParent))
        #expect(throws: MalformedRequest.self) { try parse(one, [], isItself) }
        #expect(throws: MalformedRequest.self) { try parse(two, [], isParent) }
    }

    /// Lists, for each rule of a session, the opcodes for which it must hold.
    @Test("a session knows of each opcode what it must", arguments: Opcode.allCases)
    func traits(_ opcode: Opcode) {
        let traits = opcode.traits
        #expect(traits.contains(.mayBeCarried) == (opcode == .read))
        // Every request that may wait makes way at once; READ makes way when no carrier begins it.
        #expect(traits.contains(.makesWay) != [.read, .interrupt].contains(opcode))
        #expect(traits.contains(.movesData) == [.read, .write].contains(opcode))
        #expect(traits.contains(.isControl) == [.control, .getExtendedAttribute].contains(opcode))
        // Deferred requests may wait for a request that ends something.
        let ends: [Opcode] = [
            .forget, .batchForget, .interrupt, .notifyReply, .initialize, .destroy, .release,
            .releaseDirectory, .flush,
        ]
        #expect(traits.contains(.mayBePutAside) != ends.contains(opcode))
        if !traits.contains(.hasReply) { #expect(!traits.contains(.mayBePutAside)) }
        if traits.contains(.takesItsTime) { #expect(traits.contains(.makesWay)) }
    }

    @Test("before INIT requests without an answer do not reach the service")
    func early() throws {
        let service = ScriptedFileSystem()
        let served = try ServedConnection(service)
        for opcode in Opcode.allCases where !opcode.hasReply {
            #expect(served.replies(to: RequestMessage.valid(opcode)).isEmpty)
        }
        #expect(service.takeLog().isEmpty)
    }

    @Test("a FORGET whose header names another length does not reach the service")
    func wrongLength() throws {
        let service = ScriptedFileSystem()
        let served = try ServedConnection.agreed(service)
        let message = RequestMessage.valid(.forget)
        for length in [0, UInt32(message.bytes.count - 1), UInt32(message.bytes.count + 8)] {
            #expect(served.replies(to: message.withLength(length).bytes).isEmpty)
        }
        #expect(service.takeLog().isEmpty)
    }
}

extension Operation {
    /// The opcode of this case; nil for a number without a name.
    fileprivate var opcode: Opcode? {
        switch self {
        case .initialize: .initialize
        case .destroy: .destroy
        case .interrupt: .interrupt
        case .lookup, .lookupSelf, .lookupParent: .lookup
        case .forget: .forget
        case .batchForget: .batchForget
        case .getAttributes: .getAttributes
        case .setAttributes: .setAttributes
        case .extendedStatus: .extendedStatus
        case .readLink: .readLink
        case .access: .access
        case .makeNode: .makeNode
        case .makeDirectory: .makeDirectory
        case .symbolicLink: .symbolicLink
        case .link: .link
        case .unlink: .unlink
        case .removeDirectory: .removeDirectory
        case .rename: .rename
        case .renameWithFlags: .renameWithFlags
        case .open: .open
        case .create: .create
        case .temporaryFile: .temporaryFile
        case .read: .read
        case .write: .write
        case .flush: .flush
        case .release: .release
        case .synchronize: .synchronize
        case .allocate: .allocate
        case .seek: .seek
        case .copyFileRange: .copyFileRange
        case .copyFileRange64: .copyFileRange64
        case .control: .control
        case .openDirectory: .openDirectory
        case .readDirectory: .readDirectory
        case .readDirectoryPlus: .readDirectoryPlus
        case .releaseDirectory: .releaseDirectory
        case .synchronizeDirectory: .synchronizeDirectory
        case .getExtendedAttribute: .getExtendedAttribute
        case .listExtendedAttributes: .listExtendedAttributes
        case .setExtendedAttribute: .setExtendedAttribute
        case .removeExtendedAttribute: .removeExtendedAttribute
        case .testLock: .testLock
        case .setLock: .setLock
        case .waitForLock: .waitForLock
        case .fileSystemStatus: .fileSystemStatus
        case .synchronizeFileSystem: .synchronizeFileSystem
        case .mapBlock: .mapBlock
        case .poll: .poll
        case .notifyReply: .notifyReply
        case .setUpMapping: .setUpMapping
        case .removeMapping: .removeMapping
        case .unknown: nil
        }
    }
}
