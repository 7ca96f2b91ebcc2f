/// What a request brought back, beside its status: filters see it in their post callbacks and may
/// change it.
public enum IOResult: Sendable {
    case none
    case opened(OpenedFile)
    case information(FileInformation)
    /// The bytes a symbolic link holds.
    case linkTarget([UInt8])
    /// An offset in bytes, of the next data or hole.
    case offset(UInt64)
    case flags(FileFlags)
    case entries([DirectoryEntry])
    case names([[UInt8]])
    /// The value of an extended attribute, or the output of a file-system control.
    case bytes([UInt8])
    case volume(VolumeInformation)
    /// The lock in the way; nil if none is.
    case lock(FileLock?)
}
