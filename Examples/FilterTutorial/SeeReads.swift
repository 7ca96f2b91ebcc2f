import IOStack

/// Step 1: tells of each read, and of how much it brought.
final class SeeReads: Filter, PostReadFilter {
    let name = "seereads"
    let altitude = Altitude(integer: 370_510)  // FSFilter Activity Monitor
    let supportedFeatures: FilterRegistration.Features = .bypassIO
    let kernelReads: KernelReadTerms? = .stoppable

    let tell: @Sendable (String) -> Void

    init(tell: @escaping @Sendable (String) -> Void) { self.tell = tell }

    func didRead(_ read: PostRead) {
        let process = read.requestor.processID
        tell(
            "process \(process) read \(read.count) bytes at \(read.offset) of \(read.file.openedPath)"
        )
    }
}
