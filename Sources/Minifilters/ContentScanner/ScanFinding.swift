public import IOStack

/// A found signature, for programs that report to people.
public struct ScanFinding: Sendable, Equatable {
    /// How it was found.
    public enum Occasion: String, Sendable {
        /// By a scan of the whole file.
        case scan
        /// In the data of a program's read; the read failed.
        case read
        /// In data that the kernel was about to read for a program; the read failed.
        case kernelRead = "kernel read"
    }

    /// The signature's name.
    public let signature: String
    public let file: FileID
    /// The path by which the file was opened, from the volume's root.
    public let path: String
    public let occasion: Occasion
    /// The party on whose behalf the file was read.
    public let requestor: Requestor
}
