import LinuxKit
import SystemPackage

/// One question on a connection of its own, and the answer as it comes. One thread.
final class ControlExchange {
    private let socket: OpenSocket
    private let path: FilePath
    private var pending: ArraySlice<UInt8> = []
    private var form = Form.untilEnd
    /// The answer ended within a piece.
    private(set) var isCut = false

    private enum Form {
        case untilEnd
        /// Bytes to come.
        case length(Int)
        case pieces
        case over
    }

    /// Bytes of an answer's line and headers, and of one that is read as a whole.
    private static let headLimit = 64 << 10
    private static let bodyLimit = 64 << 20

    /// Connects, and sends the question.
    ///
    /// - Parameter upgrade: a protocol to go on with.
    init(
        _ path: FilePath, _ patience: Duration, _ method: String, _ target: String, _ body: [UInt8],
        upgrade: String? = nil
    ) throws(ControlClientError) {
        self.path = path
        do throws(Errno) {
            socket = OpenSocket(try SystemCall.streamSocket(waits: true))
            try SystemCall.setPatience(
                of: socket.descriptor, milliseconds: Int64(patience.nanoseconds / 1_000_000))
            try Self.connect(socket.descriptor, path)
        } catch {
            throw error == .resourceTemporarilyUnavailable
                ? .late(path) : .unreachable(path, error)
        }
        let connection = upgrade.map { "Upgrade\r\nUpgrade: \($0)" } ?? "close"
        var head =
            "\(method) \(target) HTTP/1.1\r\nHost: bypassio\r\nConnection: \(connection)\r\n"
        if !body.isEmpty {
            head += "Content-Type: application/json\r\nContent-Length: \(body.count)\r\n"
        }
        try send(Array((head + "\r\n").utf8) + body)
    }

    private static func connect(
        _ socket: FileDescriptor, _ path: FilePath
    ) throws(Errno) {
        guard path.string.utf8.count >= 108, let name = path.lastComponent else {
            return try SystemCall.connect(socket, to: path)
        }
        let directory = try SystemCall.open(
            path.removingLastComponent(), [.directory, .pathOnly])
        try SystemCall.connect(
            socket, to: SystemCall.magicLink(of: directory.descriptor).appending(name))
    }

    private func send(_ bytes: [UInt8]) throws(ControlClientError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            do throws(Errno) {
                rest = rest.dropFirst(try SystemCall.send(rest, to: socket.descriptor))
            } catch {
                // It may have refused, said so, and closed.
                if error == .brokenPipe || error == .connectionReset { return }
                throw failure(error)
            }
        }
    }

    /// Reads the answer's line and headers.
    func status() throws(ControlClientError) -> Int {
        let end = Array("\r\n\r\n".utf8)
        while true {
            if let place = pending.indices.first(where: { pending[$0...].starts(with: end) }) {
                let head = String(decoding: pending[..<place], as: UTF8.self)
                pending = pending[(place + end.count)...]
                guard let status = understood(head) else { throw .malformed(path) }
                // What is said before the answer (100) is none.
                if 100..<200 ~= status, status != 101 { continue }
                return status
            }
            guard pending.count <= Self.headLimit else { throw .malformed(path) }
            if try readMore() { continue }
            // A service that ends answers nobody any more.
            throw pending.isEmpty ? .unreachable(path, .connectionRefused) : .malformed(path)
        }
    }

    private func understood(_ head: String) -> Int? {
        // A carriage return and a line feed are one character of Swift.
        let lines = head.split(separator: "\r\n")
        let words = (lines.first ?? "").split(separator: " ", maxSplits: 2)
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else {
            return nil
        }
        form = .untilEnd
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            let value = parts[1].drop { $0 == " " }
            switch parts[0].lowercased() {
            case "content-length":
                guard let length = Int(value), length >= 0 else { return nil }
                form = .length(length)
            case "transfer-encoding": form = .pieces
            default: break
            }
        }
        if status == 204 { form = .over }
        return status
    }

    /// The connection, and what came behind the answer's head; the exchange is over.
    var handedOver: PortExchange { PortExchange(socket, first: Array(pending)) }

    var descriptor: FileDescriptor { socket.descriptor }

    func waitForEver() {
        try? SystemCall.setPatience(of: socket.descriptor, milliseconds: 0)
    }

    func wholeBody() throws(ControlClientError) -> [UInt8] {
        var body: [UInt8] = []
        while let piece = try nextPiece() {
            body += piece
            guard body.count <= Self.bodyLimit else { throw .malformed(path) }
        }
        guard !isCut else { throw .malformed(path) }
        return body
    }

    /// nil at the end, and where the service ended within a piece.
    func nextPiece() throws(ControlClientError) -> [UInt8]? {
        switch form {
        case .over, .length(0): return nil
        case .untilEnd:
            if pending.isEmpty, try !readMore() { return nil }
            defer { pending = [] }
            return Array(pending)
        case .length(let left):
            if pending.isEmpty, try !readMore() { throw .malformed(path) }
            let piece = Array(pending.prefix(left))
            pending = pending.dropFirst(left)
            form = .length(left - piece.count)
            return piece
        case .pieces:
            // A service that ends leaves a stream without its last piece.
            if pending.isEmpty, try !readMore() { return nil }
            guard let length = Int(try line(), radix: 16), 0...Self.bodyLimit ~= length else {
                throw .malformed(path)
            }
            while pending.count < length + 2 {
                guard try readMore() else {
                    isCut = true
                    return nil
                }
            }
            let piece = Array(pending.prefix(length))
            pending = pending.dropFirst(length + 2)
            if length == 0 { form = .over }
            return length == 0 ? nil : piece
        }
    }

    /// Up to the end of a line, without it.
    private func line() throws(ControlClientError) -> String {
        while true {
            if let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
                let text = String(decoding: pending[..<end].dropLast(), as: UTF8.self)
                pending = pending[(end + 1)...]
                return text
            }
            guard pending.count < 64, try readMore() else { throw .malformed(path) }
        }
    }

    /// False at the end.
    private func readMore() throws(ControlClientError) -> Bool {
        do throws(Errno) {
            let more = try SystemCall.receive(from: socket.descriptor, atMost: 16 << 10)
            pending += more
            return !more.isEmpty
        } catch {
            if error == .connectionReset { return false }
            throw failure(error)
        }
    }

    private func failure(_ errno: Errno) -> ControlClientError {
        errno == .resourceTemporarilyUnavailable ? .late(path) : .unreachable(path, errno)
    }
}

/// A socket that is closed when nobody has it any more.
final class OpenSocket: Sendable {
    private let owned: OwnedDescriptor

    init(_ owned: consuming OwnedDescriptor) { self.owned = owned }

    var descriptor: FileDescriptor { owned.descriptor }
}
