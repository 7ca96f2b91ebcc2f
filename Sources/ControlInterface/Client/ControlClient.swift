package import BypassIOProtocol
import Foundation
package import LinuxKit
package import SystemPackage

/// Asks a mount's control interface. Each question is a connection; every call waits, no longer
/// than ``patience`` for each step.
package struct ControlClient: Sendable {
    package let socket: FilePath
    package let patience: Duration
    /// As the mount table has it: of another service that has the socket by mistake it is another.
    private let device: DeviceNumber?

    package init(socket: FilePath, patience: Duration = .seconds(15)) {
        self.init(socket, patience, nil)
    }

    private init(_ socket: FilePath, _ patience: Duration, _ device: DeviceNumber?) {
        self.socket = socket
        self.patience = patience
        self.device = device
    }

    /// The interface of what is mounted at a place.
    ///
    /// - Parameters:
    ///   - mountPoint: absolute, without links.
    ///   - socket: where it was told to be; nil for the usual place of the mount's user.
    ///   - elsewhere: another place, where nothing is at the usual one.
    /// - Throws: ``ControlClientError/notMounted``.
    package init(
        mountPoint: FilePath, socket: FilePath? = nil, patience: Duration = .seconds(15),
        elsewhere: () -> FilePath? = { nil }
    ) throws(ControlClientError) {
        let table = MountTable.current
        guard let entry = table.top(at: mountPoint), entry.isFUSE else { throw .notMounted }
        let user = Self.user(of: entry)
        // The socket is called after the first of the places where the mount is.
        let first = table.entries.first { $0.device == entry.device }?.mountPoint ?? mountPoint
        let place = ControlPlace.of(first, user: user)
        let usual = place.path
        let isThere = (try? SystemCall.status(of: usual, followingLinks: false)) != nil
        let found = socket ?? (isThere ? usual : elsewhere() ?? usual)
        self.init(found, patience, entry.device)
    }

    /// Throws ``ControlClientError/otherMount(_:)`` where the socket is another mount's.
    package func checkMount() throws(ControlClientError) {
        guard let device else { return }
        let service: ServiceReport = try get("/v1/service")
        guard service.device == device.description else { throw .otherMount(socket) }
    }

    /// Who mounted it.
    package static func user(of entry: MountEntry) -> UInt32 {
        entry.superOptionValues("user_id").first
            .flatMap { UInt32(String(decoding: $0, as: UTF8.self)) } ?? 0
    }

    // MARK: Asking

    package func get<Value: Decodable>(
        _ path: String, as type: Value.Type = Value.self
    ) throws(ControlClientError) -> Value {
        try decoded(try answer("GET", path, []))
    }

    package func send<Value: Decodable>(
        _ method: String, _ path: String, _ body: some Encodable, as type: Value.Type = Value.self
    ) throws(ControlClientError) -> Value {
        try decoded(try answer(method, path, ControlAnswer.json(of: body)))
    }

    /// As it comes, such as `/metrics`.
    package func text(_ path: String) throws(ControlClientError) -> String {
        String(decoding: try answer("GET", path, []), as: UTF8.self)
    }

    package func delete<Value: Decodable>(
        _ path: String, as type: Value.Type = Value.self
    ) throws(ControlClientError) -> Value {
        try decoded(try answer("DELETE", path, []))
    }

    /// Hands on the pieces of an answer that has no end, as they come, until `body` says false or
    /// the service or `stop` ends it. Between pieces it waits for ever.
    ///
    /// - Parameter begun: called once the service has agreed, before the first piece; false ends
    ///   it.
    package func follow(
        _ path: String, until stop: FollowStop? = nil, begun: () -> Bool = { true },
        _ body: ([UInt8]) -> Bool
    ) throws(ControlClientError) {
        let exchange = try ControlExchange(socket, patience, "GET", path, [])
        let status = try exchange.status()
        guard status == 200 else { throw fault(status, try exchange.wholeBody()) }
        exchange.waitForEver()
        guard stop?.begins(exchange.descriptor) != false else { return }
        defer { stop?.ends() }
        guard begun() else { return }
        do throws(ControlClientError) {
            while let piece = try exchange.nextPiece() {
                guard body(piece), stop?.isStopped != true else { return }
            }
        } catch {
            // It was cut within a piece.
            if stop?.isStopped != true { throw error }
        }
    }

    /// For a part of a path.
    package static func escaped(_ name: String) -> String {
        name.utf8.map { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"):
                String(UnicodeScalar(byte))
            default: "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }.joined()
    }

    private func answer(
        _ method: String, _ path: String, _ body: [UInt8]
    ) throws(ControlClientError) -> [UInt8] {
        let exchange = try ControlExchange(socket, patience, method, path, body)
        let status = try exchange.status()
        let answer = try exchange.wholeBody()
        guard 200..<300 ~= status else { throw fault(status, answer) }
        return answer
    }

    func fault(_ status: Int, _ body: [UInt8]) -> ControlClientError {
        guard let fault = try? JSONDecoder().decode(ControlFault.self, from: Data(body)) else {
            return .malformed(socket)
        }
        return .refused(fault)
    }

    private func decoded<Value: Decodable>(
        _ bytes: [UInt8]
    ) throws(ControlClientError) -> Value {
        do {
            return try JSONDecoder().decode(Value.self, from: Data(bytes))
        } catch {
            throw .malformed(socket)
        }
    }
}

/// Why a mount's control interface gave no answer, or refused.
package enum ControlClientError: Error, Sendable {
    /// Nothing of FUSE is mounted there.
    case notMounted
    /// The socket cannot be reached: ENOENT where there is none, ECONNREFUSED where its service is
    /// gone, EACCES where it is another user's.
    case unreachable(FilePath, Errno)
    /// The socket stands for another mount of that name, such as one of another mount namespace.
    case otherMount(FilePath)
    case late(FilePath)
    /// The service says so.
    case refused(ControlFault)
    /// What answers does not speak HTTP.
    case malformed(FilePath)

    /// In a sentence that says what to do.
    package func words(for name: String, user: UInt32?) -> String {
        switch self {
        case .notMounted:
            "\(name) is no bypassio mount: name a mount point (bypassio volumes lists them)."
        case .unreachable(let path, .noSuchFileOrDirectory), .unreachable(let path, .notDirectory):
            "The service of \(name) has no control interface at \(path): it was mounted with "
                + "control=off or control=PATH, it is a mount of bypassio lab, or its log says why "
                + "there is none."
        case .unreachable(let path, .connectionRefused):
            "Nobody answers at \(path): the service of \(name) is gone, or, with -o recover, about "
                + "to be replaced. Ask again; if it stays so, unmount it with bypassio umount "
                + "\(name), then mount it again."
        case .unreachable(let path, .permissionDenied), .unreachable(let path, .notPermitted):
            "\(path) is \(user.map { "user \($0)'s" } ?? "another user's"): run as that user, or "
                + "as root."
        case .unreachable(let path, let errno): "\(path) cannot be reached: \(errno)."
        case .otherMount(let path):
            "\(path) belongs to another mount that is called \(name), such as one of another mount "
                + "namespace: mount it with control=PATH."
        case .late(let path):
            "The service of \(name) did not answer at \(path) in time: it is stopped, or hangs."
        case .refused(let fault): fault.message + (fault.advice.map { " " + $0 } ?? "")
        case .malformed(let path): "What answers at \(path) is no bypassio service."
        }
    }
}
