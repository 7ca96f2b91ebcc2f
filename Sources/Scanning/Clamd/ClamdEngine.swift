import IOStack
import LinuxKit
public import SystemPackage

/// ClamAV's service, over its Unix socket: a connection for each command.
///
/// A file goes as a descriptor (FILDES). Where clamd does not take that its bytes go (INSTREAM): it
/// may be confined so that it must not read them, and some files have no descriptor.
///
/// Any thread. Lock order: `state` is a leaf.
public final class ClamdEngine: ScanEngine {
    private struct State {
        var connections: [ObjectIdentifier: ClamdConnection] = [:]
        var isInterrupted = false
    }

    /// For what is no scan.
    private static let answerTime: Duration = .seconds(5)
    /// Bytes of a stream that go at a time.
    private static let chunk = 256 << 10

    private let socket: FilePath
    private let scanTime: Duration
    private let state = Guarded(State())

    /// - Parameters:
    ///   - socket: clamd's LocalSocket.
    ///   - scanTime: how long a scan may take.
    public init(socket: FilePath, scanTime: Duration) {
        self.socket = socket
        self.scanTime = scanTime
    }

    // MARK: Connections

    public func interrupt() {
        let connections = state.withLock { state in
            state.isInterrupted = true
            return Array(state.connections.values)
        }
        for connection in connections { connection.interrupt() }
    }

    public func resume() { state.withLock { $0.isInterrupted = false } }

    private func connected<Value>(
        within time: Duration,
        _ body: (ClamdConnection) throws(ClamdConnection.Fault) -> Value
    ) throws(ScanFault) -> Value {
        do throws(ClamdConnection.Fault) {
            let connection = try ClamdConnection(to: socket, within: time)
            let me = ObjectIdentifier(connection)
            let goesOn = state.withLock { state in
                if !state.isInterrupted { state.connections[me] = connection }
                return !state.isInterrupted
            }
            guard goesOn else { throw .ended }
            defer { state.withLock { _ = $0.connections.removeValue(forKey: me) } }
            return try body(connection)
        } catch {
            throw fault(error, time)
        }
    }

    private func fault(_ fault: ClamdConnection.Fault, _ time: Duration) -> ScanFault {
        switch fault {
        case .unreachable(let error): .away("nobody answers at \(socket) (\(error))")
        case .ended: .failed("clamd closed the connection without an answer")
        case .late: .failed("clamd did not answer within \(time)")
        case .garbled: .failed("clamd answered what is no answer")
        }
    }

    // MARK: Commands

    public func version() throws(ScanFault) -> String {
        let answer = try connected(within: Self.answerTime) {
            (connection) throws(ClamdConnection.Fault) in
            try connection.send(Array("zVERSION\0".utf8))
            return try connection.receive()
        }
        guard answer.count <= 256, let text = String(validating: answer, as: UTF8.self),
            text.hasPrefix("ClamAV "), text.utf8.allSatisfy({ 0x20...0x7E ~= $0 })
        else { throw .failed("what answers at \(socket) is no clamd") }
        return text
    }

    public func scan(_ subject: ScanSubject) throws(ScanFault) -> FileVerdict {
        if let descriptor = subject.descriptor,
            let verdict = try byDescriptor(FileDescriptor(rawValue: descriptor))
        {
            return verdict
        }
        return try byStream(subject)
    }

    /// nil: clamd does not take it so.
    private func byDescriptor(_ descriptor: FileDescriptor) throws(ScanFault) -> FileVerdict? {
        let answer = try connected(within: scanTime) {
            (connection) throws(ClamdConnection.Fault) in
            try connection.send(Array("zFILDES\0".utf8))
            try connection.send(descriptor)
            return try connection.receive()
        }
        guard let reply = ClamdReply(answer) else {
            guard ClamdReply.error(answer) != nil else {
                throw .failed("clamd answered what is no answer")
            }
            return nil
        }
        return reply.verdict
    }

    private func byStream(_ subject: ScanSubject) throws(ScanFault) -> FileVerdict {
        var unreadable: IOFailure?
        let answer = try connected(within: scanTime) {
            (connection) throws(ClamdConnection.Fault) -> [UInt8] in
            do throws(ClamdConnection.Fault) {
                try connection.send(Array("zINSTREAM\0".utf8))
                unreadable = try Self.stream(subject, connection)
                if unreadable != nil { return [] }
            } catch {
                // It says why it takes no more before it closes.
                guard error == .ended, let answer = try? connection.receive() else { throw error }
                return answer
            }
            return try connection.receive()
        }
        if let unreadable { throw .failed("the file cannot be read (\(unreadable))") }
        if let verdict = ClamdReply(answer)?.verdict { return verdict }
        guard let words = ClamdReply.error(answer) else {
            throw .failed("clamd answered what is no answer")
        }
        if words.contains("size limit exceeded") { return .limited("StreamMaxLength") }
        throw .failed("clamd says: \(words)")
    }

    /// Returns why the file cannot be read.
    private static func stream(
        _ subject: ScanSubject, _ connection: ClamdConnection
    ) throws(ClamdConnection.Fault) -> IOFailure? {
        var offset: UInt64 = 0
        while true {
            let bytes: [UInt8]
            do throws(IOFailure) {
                bytes = try subject.read(offset, chunk)
            } catch {
                return error
            }
            let count = UInt32(clamping: bytes.count)
            let length: [UInt8] = (0..<4).map { UInt8(truncatingIfNeeded: count >> (24 - 8 * $0)) }
            try connection.send(length + bytes)
            guard !bytes.isEmpty else { return nil }
            offset += UInt64(bytes.count)
        }
    }
}
