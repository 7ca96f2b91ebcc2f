import BypassIOProtocol
import Crypto
import Foundation
import IOStack
import LinuxKit
import Minifilters

/// A record of an audit as a line of JSON, which carries the chain on: the hash of the line before,
/// and of this line without its hash.
struct AuditChain {
    /// Of the line before, in hexadecimal; nothing came before the first.
    private var digits: [UInt8]

    static let start = String(repeating: "0", count: 64)
    /// Behind a line's last field, with the hash between.
    private static let mark = #","chain":""#
    private static let end = "\"}\n"

    init(after hash: String = AuditChain.start) { digits = Array(hash.utf8) }

    var hash: String { String(decoding: digits, as: UTF8.self) }

    /// Ends a line that has no closing brace yet.
    mutating func close(_ line: inout [UInt8]) {
        digits = Self.digits(of: line[...], after: digits)
        line += Self.mark.utf8
        line += digits
        line += Self.end.utf8
    }

    /// A line without its newline: the part that was hashed, and the hash that it names; nil for
    /// what is no such line.
    static func parts(of line: ArraySlice<UInt8>) -> (body: ArraySlice<UInt8>, hash: String)? {
        let tail = mark.utf8.count + 64 + end.utf8.count - 1
        guard line.count > tail, line.first == UInt8(ascii: "{"),
            line.suffix(tail).starts(with: mark.utf8), line.suffix(2).elementsEqual(#""}"#.utf8)
        else { return nil }
        let hash = line.dropLast(2).suffix(64)
        return (line.dropLast(tail), String(decoding: hash, as: UTF8.self))
    }

    static func hash(of body: ArraySlice<UInt8>, after hash: String) -> String {
        String(decoding: digits(of: body, after: Array(hash.utf8)), as: UTF8.self)
    }

    private static func digits(of body: ArraySlice<UInt8>, after digits: [UInt8]) -> [UInt8] {
        var sum = SHA256()
        sum.update(data: digits)
        sum.update(data: body)
        var text: [UInt8] = []
        text.reserveCapacity(64)
        for byte in sum.finalize() {
            text.append(digit(byte >> 4))
            text.append(digit(byte & 15))
        }
        return text
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") - 10 + value
    }
}

/// Times as the trail writes them. Most lines have the second of the line before.
struct AuditTimes {
    private var second = Int64.min
    /// Up to the second, with the point.
    private var start = ""

    /// - Parameter time: nanoseconds since 1970.
    mutating func text(_ time: Int64) -> String {
        let now = time / 1_000_000_000
        if now != second {
            second = now
            start = String(WallTime(nanoseconds: now * 1_000_000_000).iso8601.dropLast(7))
        }
        let fraction = String(time % 1_000_000_000 / 1000)
        return start + String(repeating: "0", count: max(0, 6 - fraction.utf8.count)) + fraction
            + "Z"
    }
}

/// Writes the fields of a line, without what a general encoder costs for each.
struct AuditLine {
    private(set) var bytes: [UInt8] = [UInt8(ascii: "{")]

    /// - Parameter time: as the trail writes it.
    init(number: UInt64, time: String, operation: String) {
        bytes.reserveCapacity(512)
        field("n", number, isFirst: true)
        field("time", time)
        field("operation", operation)
    }

    mutating func field(_ name: String, _ text: String) {
        begin(name)
        quote(text)
    }

    mutating func field(_ name: String, _ value: UInt64, isFirst: Bool = false) {
        begin(name, isFirst: isFirst)
        bytes += String(value).utf8
    }

    mutating func field(_ name: String, _ value: Bool) {
        begin(name)
        bytes += (value ? "true" : "false").utf8
    }

    private mutating func begin(_ name: String, isFirst: Bool = false) {
        if !isFirst { bytes.append(UInt8(ascii: ",")) }
        bytes.append(UInt8(ascii: "\""))
        bytes += name.utf8
        bytes += "\":".utf8
    }

    /// Names of files may have any bytes; what is no UTF-8 was replaced when they became text.
    private mutating func quote(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0..<0x20:
                let digits = String(byte, radix: 16)
                bytes += "\\u00\(byte < 16 ? "0" : "")\(digits)".utf8
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}

extension AuditedOperation {
    /// `ok`, or the status.
    var result: String { status.isError ? status.name ?? "error" : "ok" }
}

extension AuditLine {
    init(_ operation: AuditedOperation, number: UInt64, time: String) {
        self.init(number: number, time: time, operation: operation.kind.rawValue)
        field("path", operation.path)
        if let path = operation.newPath { field("newPath", path) }
        field("result", operation.result)
        field("user", UInt64(CommandIdentity.user(operation.user)))
        field("group", UInt64(CommandIdentity.group(operation.group)))
        field("process", UInt64(max(0, operation.actor.process)))
        if let start = operation.actor.start { field("start", start) }
        if let program = operation.actor.program { field("program", program) }
        if let session = operation.actor.session { field("session", UInt64(max(0, session))) }
        if let file = operation.file { field("inode", file.inode) }
        if let access = operation.access { field("access", access) }
        if operation.isTruncated { field("truncated", true) }
        if let offset = operation.offset { field("offset", offset) }
        if let length = operation.length { field("length", length) }
        guard let totals = operation.totals else { return }
        field("readsThroughFilters", totals.traditional)
        field("readsPastFilters", totals.bypassed)
        field("readsAtGate", totals.gated)
        if totals.isReadByKernel { field("readByKernel", true) }
        field("writes", totals.writes)
        field("bytesWritten", totals.bytesWritten)
    }
}
