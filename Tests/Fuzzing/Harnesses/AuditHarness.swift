@testable import bypassio

/// Any lines are an audit, or the check says what is wrong with it. Lines that end as a record's
/// do get the hash that belongs there, so that more than the chain is tried.
enum AuditHarness: Harness {
    static let name = "audit"

    static func attempt(_ input: [UInt8]) {
        var chain = AuditChain()
        var check = AuditCheck(head: nil, mayHaveSeveral: input.count.isMultiple(of: 2))
        var records = 0
        for (number, line) in input.split(separator: UInt8(ascii: "\n")).enumerated() {
            var whole = Array(line)
            if whole.last == UInt8(ascii: ",") {
                whole.removeLast()
                chain.close(&whole)
                whole.removeLast()
            }
            check.take(whole[...], "file", number + 1)
            guard AuditChain.parts(of: whole[...]) != nil, let record = AuditRecordLine(whole[...])
            else { continue }
            records += 1
            _ = record.text
        }
        demand(!check.holds || records > 0, "a chain that holds has records")
        demand(check.report.last?.hasPrefix("The chain") == true, "the verdict is the last line")
    }
}
