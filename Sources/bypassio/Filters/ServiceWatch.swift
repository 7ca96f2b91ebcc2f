import BypassIOProtocol
import ControlInterface
import FUSE
import Foundation
import LinuxKit
import SystemPackage
import Terminal

/// Goes on with a mount's next service where a command looks at a mount for long: `bypassio
/// restart` and `-o recover` give a mount another.
struct ServiceWatch {
    /// Where a command goes on.
    enum Next {
        /// With the service that it had.
        case same
        case another
        /// The mount has ended.
        case nowhere
    }

    /// A restart gives the new service 30 seconds.
    private static let patience: Duration = .seconds(40)
    private static let step = 0.1

    private let asked: MountControlClient
    private let name: String
    private let place: FilePath
    /// What a guard serves is mounted nowhere but for its command.
    private let isMounted: Bool
    private var process: Int32

    /// - Parameter name: the mount point, as the user wrote it.
    init(_ asked: MountControlClient, _ name: String) throws {
        self.asked = asked
        self.name = name
        place = ArgumentPath.mountPoint(name)
        isMounted = MountTable.current.top(at: place)?.isFUSE == true
        process = try asked.ask { client throws(ControlClientError) in
            try client.get("/v1/service", as: ServiceReport.self)
        }.process
    }

    /// Whether another service answers than before, for who asks again and again: it may have come
    /// between two questions. Standard error says so.
    ///
    /// - Parameter loss: what is missing now, as a sentence.
    mutating func hasChanged(_ loss: String) -> Bool {
        guard let service = try? asked.client.get("/v1/service", as: ServiceReport.self),
            service.process != process
        else { return false }
        process = service.process
        tell("a new service, process \(process)", loss)
        return true
    }

    private func tell(_ what: String, _ loss: String) {
        StandardOutput.complain("\(name): \(what); going on. \(loss)".onOneLine)
    }

    /// The service to go on with, after a connection has ended. Standard error says which, or that
    /// the mount has ended.
    ///
    /// - Parameters:
    ///   - stop: ends the wait.
    ///   - loss: what is missing now, as a sentence.
    /// - Throws: a ``CommandError`` where the mount is there and nobody serves it.
    mutating func next(until stop: FollowStop? = nil, _ loss: String) throws -> Next {
        let end = ContinuousClock.now + Self.patience
        while stop?.isStopped != true {
            if isMounted, MountTable.current.top(at: place)?.isFUSE != true { break }
            if let service = try? asked.client.get("/v1/service", as: ServiceReport.self) {
                defer { process = service.process }
                let isSame = service.process == process
                let what =
                    isSame ? "the connection ended" : "a new service, process \(service.process)"
                tell(what, loss)
                return isSame ? .same : .another
            }
            // A guard's socket goes with its service.
            if !isMounted { break }
            if ContinuousClock.now > end
                || ServiceQuestion.status(of: place, within: .seconds(1)) == .socketNotConnected
            {
                // It says so.
                _ = try asked.ask { client throws(ControlClientError) in
                    try client.get("/v1/service", as: ServiceReport.self)
                }
            }
            Thread.sleep(forTimeInterval: Self.step)
        }
        if stop?.isStopped != true {
            StandardOutput.complain("\(name) is mounted no more.".onOneLine)
        }
        return .nowhere
    }
}
