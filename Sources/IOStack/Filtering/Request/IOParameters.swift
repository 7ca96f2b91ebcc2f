/// The parameters of a request, one case per major function (`FLT_PARAMETERS`).
public enum IOParameters: Sendable {
    case create(CreateParameters)
    /// `length` bytes at `offset` into the request's buffer.
    case read(offset: UInt64, length: Int)
    /// The first `length` bytes of the request's buffer to `offset`.
    case write(offset: UInt64, length: Int)
    case cleanup
    case close
    case queryInformation(InformationQuery)
    case setInformation(FileChange)
    /// Entries after the position `cookie` (0 is the start), at most `limit`; on demand each with
    /// what is known of the file.
    case directoryControl(cookie: UInt64, limit: Int, withInformation: Bool)
    /// `dataOnly` leaves out what is not needed to read the data back (`fdatasync`).
    case flushBuffers(dataOnly: Bool)
    case queryEA(ExtendedAttributeQuery)
    case setEA(name: [UInt8], change: ExtendedAttributeChange)
    case lockControl(FileLock)
    case queryVolumeInformation
    case fileSystemControl(FileSystemControlParameters)

    public var majorFunction: MajorFunction {
        switch self {
        case .create: .create
        case .read: .read
        case .write: .write
        case .cleanup: .cleanup
        case .close: .close
        case .queryInformation: .queryInformation
        case .setInformation: .setInformation
        case .directoryControl: .directoryControl
        case .flushBuffers: .flushBuffers
        case .queryEA: .queryEA
        case .setEA: .setEA
        case .lockControl: .lockControl
        case .queryVolumeInformation: .queryVolumeInformation
        case .fileSystemControl: .fileSystemControl
        }
    }
}
