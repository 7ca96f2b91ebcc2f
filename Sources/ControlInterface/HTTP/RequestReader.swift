import BypassIOProtocol

/// Takes requests off a connection, within limits.
struct RequestReader {
    private let connection: ControlConnection
    private let limits: ControlLimits
    private let door: any ControlDoor
    /// For how long the client may be silent.
    private var idle: Duration
    /// Read and not yet part of a request; never more than a head, its end, and one read.
    private var pending: [UInt8] = []

    init(
        _ connection: ControlConnection, _ limits: ControlLimits, _ door: any ControlDoor
    ) {
        self.connection = connection
        self.limits = limits
        self.door = door
        idle = limits.idle(beforeFirstRequestAt: door)
    }

    struct Request: Sendable {
        let head: RequestHead
        let body: [UInt8]
    }

    /// What came behind the last request.
    var rest: [UInt8] { pending }

    private static let readSize = 4096
    private static let emptyLine: [UInt8] = Array("\r\n\r\n".utf8)

    /// nil when the client has no more of them; throws for what is none, after which nothing that
    /// follows can be understood, and for what the door does not let in.
    mutating func next() async throws(ControlFault) -> Request? {
        guard let bytes = try await headBytes() else { return nil }
        let head = try RequestHead(bytes[...], bodyLimit: limits.body)
        if let refusal = door.refusal(of: head) { throw refusal }
        idle = limits.idle
        if head.waitsForContinue, head.bodyLength > pending.count {
            guard await connection.send(ResponseText.goOn, within: limits.answer) else {
                return nil
            }
            connection.wait(for: .request, limits.request)
        }
        while pending.count < head.bodyLength {
            let more = await connection.receive(atMost: Self.readSize)
            guard !more.isEmpty else { return nil }
            pending += more
        }
        let body = Array(pending.prefix(head.bodyLength))
        pending.removeFirst(head.bodyLength)
        connection.waitForNothing()
        return Request(head: head, body: body)
    }

    private mutating func headBytes() async throws(ControlFault) -> [UInt8]? {
        if pending.isEmpty {
            connection.wait(for: .idle, idle)
            pending = await connection.receive(atMost: Self.readSize)
        }
        connection.wait(for: .request, limits.request)
        var searched = 0
        while true {
            dropEmptyLines()
            if let end = endOfHead(from: max(0, searched - 3)) {
                guard end <= limits.head else { throw tooLarge }
                let head = Array(pending[..<end])
                pending.removeFirst(end + Self.emptyLine.count)
                return head
            }
            guard pending.count <= limits.head else { throw tooLarge }
            searched = pending.count
            let more = await connection.receive(atMost: Self.readSize)
            guard !more.isEmpty else { return nil }
            pending += more
        }
    }

    /// Some clients send one behind a body (RFC 9112, 2.2).
    private mutating func dropEmptyLines() {
        while pending.starts(with: [UInt8(ascii: "\r"), UInt8(ascii: "\n")]) {
            pending.removeFirst(2)
        }
    }

    private func endOfHead(from start: Int) -> Int? {
        guard pending.count >= Self.emptyLine.count else { return nil }
        for index in start...(pending.count - Self.emptyLine.count)
        where pending[index] == UInt8(ascii: "\r")
            && pending[index..<index + Self.emptyLine.count].elementsEqual(Self.emptyLine)
        {
            return index
        }
        return nil
    }

    private var tooLarge: ControlFault {
        ControlFault(
            431, "head-too-large",
            "The request's line and headers have more than \(limits.head) bytes.")
    }
}

extension ControlLimits {
    /// How long a client may be silent who has asked nothing yet.
    func idle(beforeFirstRequestAt door: any ControlDoor) -> Duration {
        door.knowsItsClients ? idle : min(idle, stranger)
    }
}
