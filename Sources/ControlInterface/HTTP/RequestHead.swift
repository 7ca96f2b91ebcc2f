import BypassIOProtocol

/// A request's line and headers, taken apart and judged (RFC 9112).
///
/// Strict where leniency lets two readers see different requests: lines end in CR LF, no blank
/// before a header's colon, no folded lines, one length of the body at most.
struct RequestHead: Sendable, Equatable {
    let method: String
    /// As it came, percent signs and all.
    let path: String
    let query: String
    let headers: [Header]
    /// Bytes.
    let bodyLength: Int
    /// The client goes on with this connection.
    let keepsConnection: Bool
    /// It waits for `100 Continue` before it sends the body.
    let waitsForContinue: Bool
    /// Protocols that it would rather speak on this connection (RFC 9110, 7.8).
    let upgrades: [String]

    struct Header: Sendable, Equatable {
        let name: String
        let value: String
    }

    /// - Parameters:
    ///   - bytes: up to the empty line, without it.
    ///   - bodyLimit: bytes.
    init(_ bytes: ArraySlice<UInt8>, bodyLimit: Int) throws(ControlFault) {
        let lines = try Self.lines(bytes)
        guard let first = lines.first else { throw Self.malformed("it is empty") }
        let (method, target, isCurrent) = try Self.requestLine(first)
        var headers: [Header] = []
        for line in lines.dropFirst() { headers.append(try Self.header(line)) }
        self.method = method
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = String(parts[0])
        query = parts.count == 2 ? String(parts[1]) : ""
        self.headers = headers
        if isCurrent, Self.values("host", headers).count != 1 {
            throw Self.malformed("HTTP/1.1 wants exactly one Host")
        }
        bodyLength = try Self.bodyLength(headers, limit: bodyLimit)
        let words = Self.values("connection", headers).flatMap { $0.split(separator: ",") }
            .map { Self.trimmed($0).lowercased() }
        keepsConnection = isCurrent ? !words.contains("close") : words.contains("keep-alive")
        upgrades =
            isCurrent && words.contains("upgrade")
            ? Self.values("upgrade", headers).flatMap { $0.split(separator: ",") }
                .map { Self.trimmed($0) } : []
        waitsForContinue =
            isCurrent
            && Self.values("expect", headers).contains { $0.lowercased() == "100-continue" }
    }

    static func malformed(_ what: String) -> ControlFault {
        ControlFault(
            400, "malformed-request", "The request is no HTTP/1.1: \(what).",
            advice: "docs/openapi.yaml describes the interface.")
    }

    private static func lines(_ bytes: ArraySlice<UInt8>) throws(ControlFault) -> [String] {
        var lines: [String] = []
        var line: [UInt8] = []
        var rest = bytes
        func end() throws(ControlFault) {
            guard let text = String(validating: line, as: UTF8.self) else {
                throw malformed("a line is no UTF-8")
            }
            lines.append(text)
            line.removeAll(keepingCapacity: true)
        }
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\r"):
                guard rest.popFirst() == UInt8(ascii: "\n") else {
                    throw malformed("a carriage return stands alone")
                }
                try end()
            case UInt8(ascii: "\t"), 0x20...0x7E, 0x80...: line.append(byte)
            default: throw malformed("it has the control character \(byte)")
            }
        }
        try end()
        return lines
    }

    private static func requestLine(
        _ line: String
    ) throws(ControlFault) -> (method: String, target: String, isCurrent: Bool) {
        let words = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        guard words.count == 3 else { throw malformed("its first line has not three words") }
        guard isToken(words[0]) else { throw malformed("the method is no word") }
        guard words[1].first == "/" else { throw malformed("the target begins with no slash") }
        guard words[2] == "HTTP/1.1" || words[2] == "HTTP/1.0" else {
            guard words[2].hasPrefix("HTTP/") else {
                throw malformed("its first line names no version")
            }
            throw ControlFault(
                505, "unknown-version", "\(words[2]) is not spoken here.", advice: "Speak HTTP/1.1."
            )
        }
        return (words[0], words[1], words[2] == "HTTP/1.1")
    }

    private static func header(_ line: String) throws(ControlFault) -> Header {
        let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, isToken(String(parts[0])) else {
            throw malformed("a header is no name, colon and value")
        }
        return Header(name: String(parts[0]), value: trimmed(parts[1]))
    }

    private static func bodyLength(
        _ headers: [Header], limit: Int
    ) throws(ControlFault) -> Int {
        guard values("transfer-encoding", headers).isEmpty else {
            throw ControlFault(
                411, "length-required", "Bodies in pieces (Transfer-Encoding) are not taken.",
                advice: "Send Content-Length.")
        }
        let lengths = values("content-length", headers)
        guard let text = lengths.first else { return 0 }
        guard lengths.count == 1, !text.isEmpty, text.utf8.allSatisfy({ 0x30...0x39 ~= $0 }) else {
            throw malformed("Content-Length is not one number")
        }
        guard let length = Int(text), length <= limit else {
            throw ControlFault(
                413, "body-too-large", "The body has \(text) bytes; \(limit) are taken.")
        }
        return length
    }

    private static func values(_ name: String, _ headers: [Header]) -> [String] {
        headers.filter { $0.name.lowercased() == name }.map(\.value)
    }

    private static func trimmed(_ text: Substring) -> String {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        var text = text.drop(while: isBlank)
        while let last = text.last, isBlank(last) { text.removeLast() }
        return String(text)
    }

    private static let marks = Set("!#$%&'*+-.^_`|~".utf8)

    private static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                default: marks.contains(byte)
                }
            }
    }
}
