import BypassIOProtocol
import SystemPackage

/// Where clients of a control interface come in, and what those who come there may do.
protocol ControlDoor: Sendable {
    /// Takes connections; listens already, and does not wait.
    var descriptor: FileDescriptor { get }

    /// How a debugger calls the thread that takes them.
    var threadName: String { get }

    /// Who comes here is known before the first request: the kernel tells.
    var knowsItsClients: Bool { get }

    /// Why a connection is not taken; nil where it may ask.
    func refusal(of client: FileDescriptor) -> ControlFault?

    /// Why a request is not answered; nil where it is. Judged before its body is read.
    func refusal(of request: RequestHead) -> ControlFault?

    /// Takes no more clients. Any thread.
    func close()
}
