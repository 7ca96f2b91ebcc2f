import BypassIOProtocol
import Dispatch
import IOStack

/// A filter that holds one kind of BypassIO control on its way up, after the file system carried it
/// out, until the test releases it.
final class ControlHold: Sendable {
    private let arrived = DispatchSemaphore(value: 0)
    private let released = DispatchSemaphore(value: 0)
    private let operation: BypassIOOperation

    init(_ operation: BypassIOOperation) {
        self.operation = operation
    }

    /// Lies below every filter that ships.
    var registration: FilterRegistration {
        FilterRegistration(
            name: "hold", altitude: Altitude(integer: 45_000), supportedFeatures: .bypassIO,
            operations: [
                OperationRegistration(
                    .fileSystemControl,
                    postOperation: { [self] data, _, _ in
                        if data.bypassIOInput?.operation == operation {
                            arrived.signal()
                            released.wait()
                        }
                        return .finishedProcessing
                    })
            ])
    }

    func waitForArrival() -> Bool { arrived.wait(timeout: .now() + .seconds(30)) == .success }

    func release() { released.signal() }
}
