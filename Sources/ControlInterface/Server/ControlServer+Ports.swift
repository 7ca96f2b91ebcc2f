import BypassIOProtocol
import LinuxKit
import Locks
import SystemPackage

/// Clients that talk to filters' ports.
extension ControlServer {
    /// Hands a client over to the port that it wants. Throws why not; then nothing was said.
    func connect(
        _ wish: PortWish, _ connection: ControlConnection, _ rest: [UInt8]
    ) async throws(ControlFault) {
        guard let peer = connection.peer else {
            throw ControlFault(403, "wrong-user", "It cannot be told who asks.")
        }
        try reserveLink()
        let port: any ConnectedPort
        do throws(ControlFault) {
            port = try await connected(
                PortOrder(
                    port: wish.name, context: wish.context, process: peer.process,
                    user: peer.user))
        } catch {
            releaseLink()
            throw error
        }
        // From here on the link has the place.
        do throws(Errno) {
            try PortLink.start(
                connection, port, named: wish.name, rest: rest, limits,
                known: { keep($0) }, ended: { [weak self] in self?.forget($0) },
                begin: threads.begin)
        } catch {
            port.disconnect()
            throw ControlFault(
                503, "busy", "No thread is to be had.", advice: "Try again in a moment.")
        }
    }

    /// Asks the volume, which asks the filter. A connection that is made too late is ended.
    private func connected(_ order: PortOrder) async throws(ControlFault) -> any ConnectedPort {
        let late = Monitor((isLate: false, made: nil as (any ConnectedPort)?))
        do throws(ControlFault) {
            return try await context.look { volume throws(ControlFault) in
                let port = try volume.connect(order)
                let isLate = late.withLock { late in
                    late.made = port
                    return late.isLate
                }
                if isLate { port.disconnect() }
                return port
            }
        } catch {
            let made = late.withLock { late in
                late.isLate = true
                return late.made
            }
            made?.disconnect()
            throw error
        }
    }
}
