import Foundation
import Testing

/// A read on a thread of its own, which may be held at a gate.
final class HeldReader: @unchecked Sendable {
    private let lock = NSLock()
    private var answer: (count: Int64, byte: UInt8)?
    private let file: KernelReader
    private var thread: OwnThread?

    init(_ file: KernelReader) {
        self.file = file
        thread = OwnThread { [self] in
            let count = self.file.readAnswer()
            let byte = count > 0 ? self.file.lastByte : 0
            lock.withLock { answer = (count, byte) }
        }
    }

    var isOver: Bool { lock.withLock { answer != nil } }

    /// How many bytes it brought, or its negative error; waits for its end.
    func count() throws -> Int64 { try end().count }

    private func end() throws -> (count: Int64, byte: UInt8) {
        #expect(thread?.join(within: 60) == true, "a read that never ends")
        return try #require(lock.withLock { self.answer })
    }

    /// The byte that it brought; waits for its end.
    func value() throws -> UInt8 {
        let answer = try end()
        #expect(answer.count == 4096, "\(answer.count)")
        return answer.byte
    }
}
