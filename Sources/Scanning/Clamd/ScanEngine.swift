public import IOStack

/// What looks for viruses.
public protocol ScanEngine: AnyObject, Sendable {
    /// The version of its signatures, in its own words. Another version may judge otherwise.
    ///
    /// Any thread; returns within seconds.
    func version() throws(ScanFault) -> String

    /// What it says of a file's bytes. Any thread, several at once; returns within a bound of its
    /// own.
    func scan(_ subject: ScanSubject) throws(ScanFault) -> FileVerdict

    /// Ends the scans that are under way, and refuses others until ``resume()``.
    func interrupt()
    func resume()
}

/// Why there is no verdict; in a sentence without an end.
public enum ScanFault: Error, Sendable, Equatable {
    /// Nobody is there to ask.
    case away(String)
    /// It was asked, and gave no verdict.
    case failed(String)

    var words: String {
        switch self {
        case .away(let words), .failed(let words): words
        }
    }
}

/// A file that is to be scanned.
public struct ScanSubject: Sendable {
    /// Of this process, for the same bytes that programs see; nil: there is none. Valid during the
    /// scan.
    public let descriptor: Int32?
    /// Reads at an offset, so many bytes at most; empty at the end.
    public let read: @Sendable (UInt64, Int) throws(IOFailure) -> [UInt8]

    public init(
        descriptor: Int32?, read: @escaping @Sendable (UInt64, Int) throws(IOFailure) -> [UInt8]
    ) {
        self.descriptor = descriptor
        self.read = read
    }
}
