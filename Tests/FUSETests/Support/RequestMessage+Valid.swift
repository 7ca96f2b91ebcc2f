import FUSE

extension RequestMessage {
    /// A valid request of this opcode.
    static func valid(_ opcode: Opcode, unique: UInt64 = 77) -> RequestMessage {
        let message = RequestMessage(opcode, unique: unique)
        switch opcode {
        case .lookup, .unlink, .removeDirectory: return message.text("name")
        case .forget: return message.u64(3)
        case .getAttributes: return message.u32(1).u32(0).u64(9)
        case .setAttributes: return message.u32(0x1).zeros(84)
        case .readLink, .fileSystemStatus, .destroy: return message
        case .symbolicLink: return message.text("name").text("../target")
        case .makeNode: return message.u32(0o100644).u32(0).u32(0o22).u32(0).text("name")
        case .makeDirectory: return message.u32(0o755).u32(0o22).text("name")
        case .rename: return message.u64(1).text("old").text("new")
        case .renameWithFlags: return message.u64(1).u32(1).u32(0).text("old").text("new")
        case .link: return message.u64(5).text("name")
        case .open, .openDirectory: return message.u32(0).u32(0)
        case .read, .readDirectory, .readDirectoryPlus:
            return message.u64(9).u64(0).u32(4096).u32(0).u64(0).u32(0).u32(0)
        case .write:
            return message.u64(9).u64(0).u32(5).u32(0).u64(0).u32(0).u32(0).raw("Hello".utf8)
        case .release, .releaseDirectory: return message.u64(9).u32(0).u32(0).u64(0)
        case .synchronize, .synchronizeDirectory: return message.u64(9).u32(1).u32(0)
        case .flush: return message.u64(9).zeros(8).u64(4)
        default: return validRare(opcode, message)
        }
    }

    private static func validRare(_ opcode: Opcode, _ message: RequestMessage) -> RequestMessage {
        switch opcode {
        case .setExtendedAttribute:
            return message.u32(5).u32(1).u32(0).u32(0).text("user.name").raw("value".utf8)
        case .getExtendedAttribute: return message.u32(64).u32(0).text("user.name")
        case .listExtendedAttributes: return message.u32(64).u32(0)
        case .removeExtendedAttribute: return message.text("user.name")
        case .initialize:
            return message.u32(7).u32(45).u32(131072).u32(0x73ff_fffb).u32(0x7fd).zeros(44)
        case .testLock, .setLock, .waitForLock:
            return message.u64(9).u64(8).u64(0).u64(99).u32(1).u32(4242).u32(0).u32(0)
        case .access: return message.u32(4).u32(0)
        case .create, .temporaryFile:
            return message.u32(0x8002).u32(0o100644).u32(0o22).u32(0).text("name")
        case .interrupt: return message.u64(76)
        case .mapBlock: return message.u64(0).u32(4096).u32(0)
        case .control:
            return message.u64(9).u32(0).u32(0x4004_6601).u64(0xFFFF).u32(4).u32(8).raw([
                1, 2, 3, 4,
            ])
        case .poll: return message.u64(9).u64(1).u32(0).u32(0)
        case .notifyReply: return message.zeros(40)
        case .batchForget: return message.u32(2).u32(0).u64(3).u64(1).u64(4).u64(2)
        case .allocate: return message.u64(9).u64(0).u64(4096).u32(1).u32(0)
        case .seek: return message.u64(9).u64(100).u32(3).u32(0)
        case .copyFileRange, .copyFileRange64:
            return message.u64(9).u64(0).u64(2).u64(10).u64(0).u64(4096).u64(0)
        case .setUpMapping: return message.zeros(40)
        case .removeMapping: return message.u32(0).u32(0)
        case .synchronizeFileSystem: return message.u64(0)
        case .extendedStatus: return message.u32(1).u32(0).u64(9).u32(0).u32(0xFFF)
        default: return message
        }
    }
}
