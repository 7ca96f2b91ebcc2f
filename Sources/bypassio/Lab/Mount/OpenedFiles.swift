import BypassIOProtocol
import IOStack

/// Notes the file objects that programs open, so that the script's handles can be told apart. A
/// filter of creates alone: it counts as opted in and sees no read. Usable from any thread.
final class OpenedFiles: Sendable {
    private let last = Guarded<FileObject?>(nil)

    /// What was opened for reading or writing last; nil if it was asked for already.
    func take() -> FileObject? { last.withLock { $0.take() } }

    var registration: FilterRegistration {
        FilterRegistration(
            name: "lab", altitude: Altitude("0.000000001") ?? Altitude(integer: 0),
            supportedFeatures: .bypassIO,
            operations: [
                OperationRegistration(
                    .create,
                    postOperation: { [self] data, _, _ in
                        // The mount looks at names without wanting their data.
                        if let file = data.fileObject, data.ioStatus.status.isSuccess,
                            !file.access.isEmpty
                        {
                            last.withLock { $0 = file }
                        }
                        return .finishedProcessing
                    })
            ])
    }
}
