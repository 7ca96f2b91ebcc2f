import FUSE
import Synchronization
import SystemPackage

/// A file of the host that the session reads by itself.
final class Backing: BackingReadOwner {
    private let file: FileDescriptor
    private let begins = Atomic<Int>(0)
    private let ends = Atomic<Int>(0)

    /// The file may be a pipe without a writer: a read of it is under way until a program writes.
    init(_ path: String) throws {
        // A pipe opens for writing too: then it opens at once and never ends.
        file =
            try (try? FileDescriptor.open(FilePath(path), .readWrite))
            ?? FileDescriptor.open(FilePath(path), .readOnly)
    }

    var begun: Int { begins.load(ordering: .relaxed) }
    var ended: Int { ends.load(ordering: .relaxed) }

    func begin(_ request: ReadRequest) -> BackingRead {
        begins.wrappingAdd(1, ordering: .relaxed)
        return BackingRead(
            descriptor: file, offset: request.offset, length: request.size, owner: self)
    }

    /// Used while another thread carries reads.
    func read(_ request: ReadRequest, _ reply: consuming ReadReply) {
        var bytes = [UInt8](repeating: 0, count: request.size)
        let count = try? unsafe bytes.withUnsafeMutableBytes { buffer in
            do {
                return unsafe try file.read(
                    fromAbsoluteOffset: Int64(request.offset), into: buffer)
            } catch Errno.illegalSeek {
                // Reads a pipe in the way that io_uring does.
                return unsafe try file.read(into: buffer)
            }
        }
        guard let count else { return reply.fail(.ioError) }
        reply.buffer.withMutableBytes(count) { span in
            for index in span.indices { span[index] = bytes[index] }
        }
        reply.succeed(count)
    }

    func endRead(_ count: Int, began: UInt64) {
        ends.wrappingAdd(1, ordering: .relaxed)
    }
}
