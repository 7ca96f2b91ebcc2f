import Dispatch
import Foundation
import IOStack
import LinuxKit
import SystemPackage

/// Listens as clamd does and answers as a test says.
final class FakeClamd: Sendable {
    enum Behaviour: Sendable {
        /// Takes a whole command, with a stream to its end, and answers so; a zero is added.
        case answers(@Sendable (_ command: String, _ bytes: [UInt8]) -> String)
        /// Sends these bytes whatever comes, and closes.
        case sends([UInt8])
        /// Takes all that comes and never answers.
        case hangs
        /// Closes at once.
        case closes
    }

    let folder: String
    var socket: FilePath { FilePath(folder).appending("clamd.ctl") }
    private let behaviour = Guarded(Behaviour.closes)
    private let isOver = Guarded(false)
    private let queue = DispatchQueue(label: "fake clamd", attributes: .concurrent)

    init(_ behaviour: Behaviour) throws {
        self.behaviour.withLock { $0 = behaviour }
        folder = NSTemporaryDirectory() + "clamd-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: false)
        let listener = FileDescriptor(
            rawValue: try SystemCall.streamSocket(waits: false).release().rawValue)
        try SystemCall.bind(listener, to: socket)
        try SystemCall.listen(listener, backlog: 16)
        queue.async { [weak self] in
            while let me = self, !me.isOver.withLock({ $0 }) {
                me.accept(listener)
            }
            try? listener.close()
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func set(_ behaviour: Behaviour) { self.behaviour.withLock { $0 = behaviour } }
    func end() { isOver.withLock { $0 = true } }

    private func accept(_ listener: FileDescriptor) {
        let isReady = (try? SystemCall.waitUntilReadable(listener, milliseconds: 50)) ?? false
        guard isReady, let taken = try? SystemCall.accept(listener) else { return }
        let connection = taken.release()
        let behaviour = behaviour.withLock { $0 }
        queue.async { [self] in
            serve(connection, behaviour)
            try? connection.close()
        }
    }

    private func serve(_ connection: FileDescriptor, _ behaviour: Behaviour) {
        switch behaviour {
        case .closes: return
        case .hangs:
            while !isOver.withLock({ $0 }), piece(connection) != [] {}
        case .sends(let bytes):
            _ = piece(connection)
            send(bytes, connection)
        case .answers(let answer):
            var bytes: [UInt8] = []
            while let piece = piece(connection), !piece.isEmpty {
                bytes += piece
                guard let zero = bytes.firstIndex(of: 0) else { continue }
                let command = String(decoding: bytes[..<zero], as: UTF8.self)
                let rest = Array(bytes[(zero + 1)...])
                guard command != "zFILDES" || !rest.isEmpty,
                    command != "zINSTREAM" || rest.suffix(4) == [0, 0, 0, 0]
                else { continue }
                return send(Array(answer(command, rest).utf8) + [0], connection)
            }
        }
    }

    /// Empty at the end.
    private func piece(_ connection: FileDescriptor) -> [UInt8]? {
        let isReady =
            (try? SystemCall.waitUntilReadable(connection, milliseconds: 20_000)) ?? false
        guard isReady else { return nil }
        return (try? SystemCall.receive(from: connection, atMost: 1 << 16)) ?? []
    }

    private func send(_ bytes: [UInt8], _ connection: FileDescriptor) {
        var rest = bytes[...]
        while !rest.isEmpty, let count = try? SystemCall.send(rest, to: connection) {
            rest = rest.dropFirst(count)
        }
    }
}
