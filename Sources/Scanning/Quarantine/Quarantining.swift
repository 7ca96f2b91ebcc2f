public import IOStack

/// Takes infected files in, outside of the volume.
public protocol Quarantining: AnyObject, Sendable {
    /// Copies a file. Returns where the copy is.
    ///
    /// - Parameter read: reads at an offset, so many bytes at most; empty at the end.
    /// - Throws: ``QuarantineFault``; then there is no copy.
    func take(
        _ file: InfectedFile, read: (UInt64, Int) throws(IOFailure) -> [UInt8]
    ) throws(QuarantineFault) -> String
}

/// What is known of a file that goes into quarantine.
public struct InfectedFile: Sendable {
    /// From the volume's root.
    public let path: String
    public let signature: String
    public let status: FileInformation
}

/// Why a file is not in quarantine; in a sentence without an end.
public struct QuarantineFault: Error, Sendable {
    public let words: String

    public init(_ words: String) { self.words = words }
}
