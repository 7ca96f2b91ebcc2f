public import IOStack

/// A read that the audit saw.
public struct AuditRecord: Sendable, Equatable {
    /// Counts every audited read, from 0. A gap in a listing means that records were dropped.
    public let number: UInt64
    public let userID: UInt32
    public let processID: Int32
    public let file: FileID
    /// In bytes.
    public let offset: UInt64
    /// Bytes asked for.
    public let length: Int
    public let succeeded: Bool
}
