import BypassIOProtocol
import IOStack

/// Records the file objects that programs open, so that the script can distinguish its handles. A
/// filter of creates alone: it counts as opted in and sees no read. Any thread may call.
final class OpenedFiles: Sendable {
    private let last = Guarded<FileObject?>(nil)

    /// The last file object opened for reading or writing; nil if an earlier call took it.
    func take() -> FileObject? { last.withLock { $0.take() } }

    var registration: FilterRegistration {
        FilterRegistration(
            name: "lab", altitude: Altitude("0.000000001") ?? Altitude(integer: 0),
            supportedFeatures: .bypassIO,
            operations: [
                OperationRegistration(
                    .create,
                    postOperation: { [self] data, _, _ in
                        // The mount looks at names without opening their data.
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
