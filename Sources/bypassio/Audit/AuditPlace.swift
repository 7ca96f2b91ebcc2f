import LinuxKit
import Minifilters

/// Where a trail stands: its records so far, and the chain behind the last of them.
struct AuditPlace {
    private(set) var chain = AuditChain()
    private(set) var number: UInt64 = 0
    private var times = AuditTimes()
    private var actors = AuditedActorFields()
    /// Its memory is used again for each line.
    private var line = AuditLine()

    /// Nothing came before.
    init() {}

    /// Behind a record that was written before.
    init(after hash: String, number: UInt64) {
        chain = AuditChain(after: hash)
        self.number = number
    }

    /// Puts the line of the next record, with its newline, behind others.
    ///
    /// - Parameter time: nanoseconds since 1970.
    mutating func write(_ operation: AuditedOperation, at time: Int64, to lines: inout [UInt8]) {
        number &+= 1
        line.begin(number: number, &times, time, operation: operation.kind.rawValue)
        line.fields(of: operation, actor: actors.of(operation.actor))
        line.close(&chain)
        lines += line.bytes
    }

    /// The line of a record about the trail itself.
    mutating func note(_ operation: String, _ more: (inout AuditLine) -> Void) -> [UInt8] {
        number &+= 1
        line.begin(number: number, &times, WallTime.now.nanoseconds, operation: operation)
        line.field("previous", chain.hash)
        more(&line)
        line.close(&chain)
        return line.bytes
    }
}
