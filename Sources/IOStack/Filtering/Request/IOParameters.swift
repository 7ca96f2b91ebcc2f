/// The parameters of a request, one case per major function (`FLT_PARAMETERS`).
public enum IOParameters: Sendable {
    case create(CreateParameters)
    /// Reads `length` bytes at `offset` into the request's buffer.
    case read(offset: UInt64, length: Int)
    /// Writes the first `length` bytes of the request's buffer at `offset`.
    case write(offset: UInt64, length: Int)
    case cleanup
    case close
    case queryInformation(InformationQuery)
    case setInformation(FileChange)
    /// Enumerates entries after the position `cookie` (0 is the start), at most `limit`; each with
    /// the file's information if `withInformation` is set.
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
