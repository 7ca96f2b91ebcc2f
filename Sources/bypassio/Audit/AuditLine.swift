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
    private static let markBytes = Array(mark.utf8)
    private static let endBytes = Array(end.utf8)

    init(after hash: String = AuditChain.start) { digits = Array(hash.utf8) }

    var hash: String { String(decoding: digits, as: UTF8.self) }

    /// Ends a line that has no closing brace yet.
    mutating func close(_ line: inout [UInt8]) {
        var sum = SHA256()
        sum.update(data: digits)
        sum.update(data: line)
        // What was read from a file may be no hash.
        if digits.count != 64 { digits = [UInt8](repeating: 0, count: 64) }
        var place = 0
        for byte in sum.finalize() {
            digits[place] = Self.digit(byte >> 4)
            digits[place + 1] = Self.digit(byte & 15)
            place += 2
        }
        line += Self.markBytes
        line += digits
        line += Self.endBytes
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
    private var start: [UInt8] = []

    /// - Parameter time: nanoseconds since 1970.
    mutating func write(_ time: Int64, to bytes: inout [UInt8]) {
        let now = time / 1_000_000_000
        if now != second {
            second = now
            start = Array(WallTime(nanoseconds: now * 1_000_000_000).iso8601.utf8.dropLast(7))
        }
        bytes += start
        bytes.append(decimal: UInt64(max(0, time % 1_000_000_000 / 1000)), digits: 6)
        bytes.append(UInt8(ascii: "Z"))
    }
}

extension [UInt8] {
    /// - Parameter digits: at least so many.
    fileprivate mutating func append(decimal number: UInt64, digits: Int = 1) {
        let start = count
        var rest = number
        while rest > 0 || count - start < digits {
            append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        }
        self[start...].reverse()
    }
}

/// The name of a field, as it stands in a line behind another.
struct AuditField: ExpressibleByStringLiteral {
    fileprivate let bytes: [UInt8]

    init(stringLiteral name: String) { bytes = Array(",\"\(name)\":".utf8) }

    fileprivate static let time: AuditField = "time"
    fileprivate static let operation: AuditField = "operation"
    fileprivate static let path: AuditField = "path"
    fileprivate static let newPath: AuditField = "newPath"
    fileprivate static let result: AuditField = "result"
    fileprivate static let user: AuditField = "user"
    fileprivate static let group: AuditField = "group"
    fileprivate static let inode: AuditField = "inode"
    fileprivate static let access: AuditField = "access"
    fileprivate static let readsThroughFilters: AuditField = "readsThroughFilters"
    fileprivate static let readsPastFilters: AuditField = "readsPastFilters"
    fileprivate static let readsAtGate: AuditField = "readsAtGate"
    fileprivate static let writes: AuditField = "writes"
    fileprivate static let bytesWritten: AuditField = "bytesWritten"
}

/// Writes the fields of a line, without what a general encoder costs for each.
struct AuditLine {
    private static let start = Array("{\"n\":".utf8)
    private static let yes = Array("true".utf8)
    private static let no = Array("false".utf8)

    private(set) var bytes: [UInt8] = []

    init() { bytes.reserveCapacity(1024) }

    /// Begins a line in the place of the one before.
    ///
    /// - Parameters:
    ///   - times: of the trail.
    ///   - time: nanoseconds since 1970.
    mutating func begin(
        number: UInt64, _ times: inout AuditTimes, _ time: Int64, operation: String
    ) {
        bytes.removeAll(keepingCapacity: true)
        bytes += Self.start
        bytes.append(decimal: number)
        bytes += AuditField.time.bytes
        bytes.append(UInt8(ascii: "\""))
        times.write(time, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
        field(.operation, operation)
    }

    mutating func field(_ name: AuditField, _ text: String) {
        bytes += name.bytes
        quote(text)
    }

    mutating func field(_ name: AuditField, _ value: UInt64) {
        bytes += name.bytes
        bytes.append(decimal: value)
    }

    mutating func field(_ name: AuditField, _ value: Bool) {
        bytes += name.bytes
        bytes += value ? Self.yes : Self.no
    }

    /// Fields that were written before.
    fileprivate mutating func add(_ fields: [UInt8]) { bytes += fields }

    mutating func close(_ chain: inout AuditChain) { chain.close(&bytes) }

    /// Names of files may have any bytes; what is no UTF-8 was replaced when they became text.
    private mutating func quote(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        let start = bytes.count
        bytes += text.utf8
        if bytes[start...].contains(where: Self.needsEscape) {
            bytes.removeLast(bytes.count - start)
            escape(text)
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private mutating func escape(_ text: String) {
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
    }
}

/// What lines say of a process. Most lines are about the process of the line before.
struct AuditedActorFields {
    private var actor: AuditedActor?
    private var bytes: [UInt8] = []

    mutating func of(_ next: AuditedActor) -> [UInt8] {
        guard next !== actor else { return bytes }
        var line = AuditLine()
        line.field("process", UInt64(max(0, next.process)))
        if let start = next.start { line.field("start", start) }
        if let program = next.program { line.field("program", program) }
        if let session = next.session { line.field("session", UInt64(max(0, session))) }
        (actor, bytes) = (next, line.bytes)
        return bytes
    }
}

extension AuditedOperation {
    /// `ok`, or the status.
    var result: String { status.isError ? status.name ?? "error" : "ok" }
}

extension AuditLine {
    /// - Parameter actor: its fields.
    mutating func fields(of operation: AuditedOperation, actor: [UInt8]) {
        field(.path, operation.path)
        if let path = operation.newPath { field(.newPath, path) }
        field(.result, operation.result)
        field(.user, UInt64(CommandIdentity.user(operation.user)))
        field(.group, UInt64(CommandIdentity.group(operation.group)))
        add(actor)
        if let file = operation.file { field(.inode, file.inode) }
        if let access = operation.access { field(.access, access) }
        if operation.isTruncated { field("truncated", true) }
        if let offset = operation.offset { field("offset", offset) }
        if let length = operation.length { field("length", length) }
        guard let totals = operation.totals else { return }
        field(.readsThroughFilters, totals.traditional)
        field(.readsPastFilters, totals.bypassed)
        field(.readsAtGate, totals.gated)
        if totals.isReadByKernel { field("readByKernel", true) }
        field(.writes, totals.writes)
        field(.bytesWritten, totals.bytesWritten)
    }
}
