import Foundation
import LinuxKit
import SystemPackage

/// A program that talks to a filter of a mount, line by line. One thread, but for ``end()``.
final class PortProgram: @unchecked Sendable {
    private let owned: OpenSocket
    private var pending: [UInt8] = []

    private final class OpenSocket: Sendable {
        let owned: OwnedDescriptor
        init(_ owned: consuming OwnedDescriptor) { self.owned = owned }
    }

    private var socket: FileDescriptor { owned.owned.descriptor }

    /// Connects. Throws what the service answers instead.
    init(_ path: String, _ port: String, context: String = "") throws {
        owned = OpenSocket(try SystemCall.streamSocket(waits: true))
        try SystemCall.setPatience(of: socket, milliseconds: 60_000)
        try SystemCall.connect(socket, to: FilePath(path))
        let query = context.isEmpty ? "" : "?context=\(context)"
        try send(
            "GET /v1/ports/\(port)\(query) HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"
                + "Upgrade: bypassio-port/1\r")
        try send("\r")
        let status = try line() ?? ""
        guard status.contains(" 101 ") else {
            while let more = try line() { if more.hasPrefix("{") { throw TestError(more) } }
            throw TestError(status)
        }
        while let more = try line(), !more.hasPrefix("{") {}
    }

    /// A line, with its end; or a part of one without.
    func send(_ text: String, end: String = "\n") throws {
        var rest = Array((text + end).utf8)[...]
        while !rest.isEmpty { rest = rest.dropFirst(try SystemCall.send(rest, to: socket)) }
    }

    /// nil at the end of the connection.
    func line() throws -> String? {
        while true {
            if let end = pending.firstIndex(of: 0x0A) {
                let line = String(decoding: pending[..<end], as: UTF8.self)
                pending.removeFirst(end + 1)
                return line
            }
            do throws(Errno) {
                let more = try SystemCall.receive(from: socket, atMost: 4096)
                guard !more.isEmpty else { return nil }
                pending += more
            } catch {
                guard error == .connectionReset else { throw error }
                return nil
            }
        }
    }

    /// The number and the text of the next message that wants a reply.
    func question() throws -> (number: UInt64, text: String)? {
        while let line = try line() {
            guard line.hasPrefix(#"{"id":"#) else { continue }
            let digits = line.dropFirst(6).prefix(while: \.isNumber)
            if let number = UInt64(digits) { return (number, line) }
        }
        return nil
    }

    func reply(_ number: UInt64, _ message: String) throws {
        try send(#"{"reply":\#(number),"message":\#(message)}"#)
    }

    func end() { SystemCall.shutDown(socket) }
}
