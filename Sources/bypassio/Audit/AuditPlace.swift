import LinuxKit
import Minifilters

/// Where a trail stands: its records so far, and the chain behind the last of them.
struct AuditPlace {
    private(set) var chain = AuditChain()
    private(set) var number: UInt64 = 0
    private var times = AuditTimes()

    /// Nothing came before.
    init() {}

    /// Behind a record that was written before.
    init(after hash: String, number: UInt64) {
        chain = AuditChain(after: hash)
        self.number = number
    }

    /// The line of the next record, with its newline.
    ///
    /// - Parameter time: nanoseconds since 1970.
    mutating func line(_ operation: AuditedOperation, at time: Int64) -> [UInt8] {
        number &+= 1
        return closed(AuditLine(operation, number: number, time: times.text(time)))
    }

    /// The line of a record about the trail itself.
    mutating func note(_ operation: String, _ more: (inout AuditLine) -> Void) -> [UInt8] {
        number &+= 1
        var line = AuditLine(number: number, time: WallTime.now.iso8601, operation: operation)
        line.field("previous", chain.hash)
        more(&line)
        return closed(line)
    }

    private mutating func closed(_ line: AuditLine) -> [UInt8] {
        var bytes = line.bytes
        chain.close(&bytes)
        return bytes
    }
}
