/// The bytes of a request or a reply taken apart for a person to read: every field with its offset,
/// and every problem.
///
/// Nothing is refused. A malformed or truncated buffer gives the fields that it has and a list of
/// problems.
///
/// ```swift
/// let decoded = DecodedBuffer(bytes)
/// print(decoded.text())
/// ```
public struct DecodedBuffer: Hashable, Sendable, Encodable {
    /// The structures that a buffer can be.
    public enum Kind: String, CaseIterable, Hashable, Sendable, Encodable {
        /// `FS_BPIO_INPUT`, 24 bytes.
        case input = "FS_BPIO_INPUT"
        /// `FS_BPIO_OUTPUT`, 24, 96 or 352 bytes.
        case output = "FS_BPIO_OUTPUT"
        /// `BPIO_INPUT`, 24 bytes.
        case storageInput = "BPIO_INPUT"
        /// `BPIO_OUTPUT`, 24 or 352 bytes.
        case storageOutput = "BPIO_OUTPUT"
        /// `struct bypassio_fsctl`, the ioctl's argument on Linux, 512 bytes.
        case request = "bypassio_fsctl"
    }

    /// The structure that the buffer was read as; `nil` if it is too short to tell.
    public let kind: Kind?
    /// Bytes in the buffer.
    public let byteCount: Int
    /// Another structure that fits the same bytes, if nothing in them decides.
    public let ambiguity: String?
    /// The fields in the order of their offsets.
    public let fields: [DecodedField]
    /// The problems; empty for a well-formed buffer.
    public let problems: [DecodedProblem]

    /// Takes `bytes` apart as `kind`, or as the structure that their length and first fields
    /// suggest.
    public init(_ bytes: [UInt8], as kind: Kind? = nil) {
        byteCount = bytes.count
        guard let kind = kind ?? Kind.detected(in: bytes) else {
            self.kind = nil
            ambiguity = nil
            fields = []
            problems = [
                DecodedProblem(
                    message: "a buffer of \(bytes.count) bytes is too short: the smallest "
                        + "structure has \(FSBypassIOInput.size)")
            ]
            return
        }
        self.kind = kind
        ambiguity = kind.ambiguity(in: bytes)
        var walk = BufferWalk(bytes)
        walk.structure(kind)
        fields = walk.fields
        problems = walk.problems
    }
}
