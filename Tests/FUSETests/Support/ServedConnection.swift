import SystemPackage

@testable import FUSE

/// A connection in which the test plays the kernel.
final class ServedConnection {
    let connection: Connection
    let channel = MemoryChannel()
    let input: TransferBuffer
    let output: TransferBuffer

    init(_ fileSystem: any FileSystem, maximumTransfer: Int = 1 << 16) throws {
        connection = Connection(fileSystem, maximumTransfer: maximumTransfer)
        input = try TransferBuffer(capacity: maximumTransfer)
        output = try TransferBuffer(capacity: maximumTransfer)
    }

    /// A connection after INIT.
    static func agreed(
        _ fileSystem: any FileSystem, maximumTransfer: Int = 1 << 16
    ) throws -> ServedConnection {
        let served = try ServedConnection(fileSystem, maximumTransfer: maximumTransfer)
        _ = served.replies(to: RequestMessage.valid(.initialize).finished())
        return served
    }

    /// Lets the session process a message; returns the replies meanwhile.
    func replies(to message: [UInt8]) -> [ReplyMessage] {
        input.withMutableMessage(header: Connection.requestRoom) { memory in
            for index in message.indices where index < memory.count {
                memory[index] = message[index]
            }
        }
        connection.process(message.count, in: input, output: output, from: channel)
        return channel.takeReplies()
    }

    func replies(to message: RequestMessage) -> [ReplyMessage] {
        replies(to: message.finished())
    }
}
