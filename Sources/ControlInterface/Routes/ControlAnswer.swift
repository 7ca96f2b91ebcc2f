package import BypassIOProtocol
import FlyingFox
import FlyingSocks
import Foundation

/// What a route answers.
package struct ControlAnswer: Sendable {
    private let status: Int
    private let contentType: String?
    private let body: Body
    /// Methods that the path knows, for a 405.
    var allowed: [String] = []

    private enum Body {
        case bytes([UInt8])
        case pieces(AsyncStream<[UInt8]>)
    }

    private init(_ status: Int, _ contentType: String?, _ body: Body) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    /// JSON of one of the types in `BypassIOProtocol/Reports`.
    package init(_ value: some Encodable, status: Int = 200) {
        self.init(status, "application/json", .bytes(Self.json(of: value)))
    }

    package init(_ fault: ControlFault) {
        self.init(fault, status: fault.status)
    }

    /// Done, and nothing to say.
    package static var nothing: ControlAnswer { ControlAnswer(204, nil, .bytes([])) }

    package static func text(_ text: String, contentType: String) -> ControlAnswer {
        ControlAnswer(200, contentType, .bytes(Array(text.utf8)))
    }

    /// Goes on until `pieces` end, or the client goes. A client that does not take a piece within
    /// ``ControlLimits/answer`` is cut off: the stream must be bounded by its maker.
    package static func stream(
        _ pieces: AsyncStream<[UInt8]>, contentType: String
    ) -> ControlAnswer {
        ControlAnswer(200, contentType, .pieces(pieces))
    }

    static func json(of value: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // The reports have no number that JSON has none for; a fault of ours is told as such.
        guard let data = try? encoder.encode(value) else {
            return Array(#"{"status":500,"reason":"unwritable","message":"No JSON."}"#.utf8)
        }
        return Array(data)
    }

    /// As FlyingFox carries it from a route to the connection.
    var response: HTTPResponse {
        var headers = HTTPHeaders()
        if let contentType { headers[.contentType] = contentType }
        headers[.cacheControl] = "no-store"
        if !allowed.isEmpty {
            headers[HTTPHeader("Allow")] = allowed.sorted().joined(separator: ", ")
        }
        if status == 426 { headers[HTTPHeader("Upgrade")] = PortLine.upgrade }
        if status == 401 { headers[HTTPHeader("WWW-Authenticate")] = #"Bearer realm="bypassio""# }
        let code = HTTPStatusCode(status, phrase: Self.phrase(status))
        return switch body {
        case .bytes(let bytes):
            HTTPResponse(statusCode: code, headers: headers, body: Data(bytes))
        case .pieces(let pieces):
            HTTPResponse(
                statusCode: code, headers: headers,
                body: HTTPBodySequence(from: PieceSequence(pieces: pieces)))
        }
    }

    private static func phrase(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 201: "Created"
        case 204: "No Content"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 411: "Length Required"
        case 413: "Content Too Large"
        case 422: "Unprocessable Content"
        case 426: "Upgrade Required"
        case 431: "Request Header Fields Too Large"
        case 503: "Service Unavailable"
        case 505: "HTTP Version Not Supported"
        default: status < 500 ? "Refused" : "Failed"
        }
    }
}

/// Pieces as FlyingFox takes a body that has no length.
private struct PieceSequence: AsyncBufferedSequence, Sendable {
    typealias Element = UInt8

    let pieces: AsyncStream<[UInt8]>

    func makeAsyncIterator() -> Iterator { Iterator(pieces: pieces.makeAsyncIterator()) }

    struct Iterator: AsyncBufferedIteratorProtocol {
        var pieces: AsyncStream<[UInt8]>.Iterator
        private var rest: ArraySlice<UInt8> = []

        init(pieces: AsyncStream<[UInt8]>.Iterator) { self.pieces = pieces }

        mutating func next() async -> UInt8? {
            while rest.isEmpty {
                guard let piece = await pieces.next(isolation: #isolation) else { return nil }
                rest = piece[...]
            }
            return rest.popFirst()
        }

        /// A piece as it comes: somebody waits for it.
        mutating func nextBuffer(suggested count: Int) async -> [UInt8]? {
            while rest.isEmpty {
                guard let piece = await pieces.next(isolation: #isolation) else { return nil }
                rest = piece[...]
            }
            defer { rest = [] }
            return Array(rest)
        }
    }
}
