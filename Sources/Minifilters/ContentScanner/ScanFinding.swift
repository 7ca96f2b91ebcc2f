public import IOStack

/// A signature that was found, for who wants to tell people.
public struct ScanFinding: Sendable, Equatable {
    /// How it was found.
    public enum Occasion: String, Sendable {
        /// By a scan of the whole file.
        case scan
        /// In what a program read; the read failed.
        case read
        /// In what the kernel was about to read for a program; the read failed.
        case kernelRead = "kernel read"
    }

    /// The signature's name.
    public let signature: String
    public let file: FileID
    /// By which the file was opened, from the volume's root.
    public let path: String
    public let occasion: Occasion
    /// On whose behalf.
    public let requestor: Requestor
}
