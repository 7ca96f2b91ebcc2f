import LinuxKit
import Locks
import SystemPackage

/// Ends a ``ControlClient/follow(_:until:_:)`` from any thread, once and for all.
package final class FollowStop: Sendable {
    private struct State {
        var isStopped = false
        /// Open as long as it stands here.
        var socket: FileDescriptor?
    }

    private let state = Monitor(State())

    package init() {}

    package func stop() {
        state.withLock { state in
            state.isStopped = true
            if let socket = state.socket { SystemCall.shutDown(socket) }
        }
    }

    package var isStopped: Bool { state.withLock { $0.isStopped } }

    /// False if it was stopped already.
    func begins(_ socket: FileDescriptor) -> Bool {
        state.withLock { state in
            if !state.isStopped { state.socket = socket }
            return !state.isStopped
        }
    }

    func ends() { state.withLock { $0.socket = nil } }
}
