/// Statuses of the I/O system at large (ntstatus.h).
extension NTStatus {
    /// STATUS_SUCCESS, 0x00000000.
    public static let success = Self(rawValue: 0x00000000)
    /// STATUS_PENDING, 0x00000103.
    public static let pending = Self(rawValue: 0x00000103)
    /// STATUS_BUFFER_OVERFLOW, 0x80000005.
    public static let bufferOverflow = Self(rawValue: 0x80000005)
    /// STATUS_NO_MORE_FILES, 0x80000006.
    public static let noMoreFiles = Self(rawValue: 0x80000006)
    /// STATUS_DEVICE_BUSY, 0x80000011.
    public static let deviceBusy = Self(rawValue: 0x80000011)
    /// STATUS_UNSUCCESSFUL, 0xC0000001.
    public static let unsuccessful = Self(rawValue: 0xC0000001)
    /// STATUS_NOT_IMPLEMENTED, 0xC0000002.
    public static let notImplemented = Self(rawValue: 0xC0000002)
    /// STATUS_INFO_LENGTH_MISMATCH, 0xC0000004.
    public static let infoLengthMismatch = Self(rawValue: 0xC0000004)
    /// STATUS_INVALID_HANDLE, 0xC0000008.
    public static let invalidHandle = Self(rawValue: 0xC0000008)
    /// STATUS_INVALID_PARAMETER, 0xC000000D.
    public static let invalidParameter = Self(rawValue: 0xC000000D)
    /// STATUS_NO_SUCH_DEVICE, 0xC000000E.
    public static let noSuchDevice = Self(rawValue: 0xC000000E)
    /// STATUS_NO_SUCH_FILE, 0xC000000F.
    public static let noSuchFile = Self(rawValue: 0xC000000F)
    /// STATUS_INVALID_DEVICE_REQUEST, 0xC0000010.
    public static let invalidDeviceRequest = Self(rawValue: 0xC0000010)
    /// STATUS_END_OF_FILE, 0xC0000011.
    public static let endOfFile = Self(rawValue: 0xC0000011)
    /// STATUS_MORE_PROCESSING_REQUIRED, 0xC0000016.
    public static let moreProcessingRequired = Self(rawValue: 0xC0000016)
    /// STATUS_NO_MEMORY, 0xC0000017.
    public static let noMemory = Self(rawValue: 0xC0000017)
    /// STATUS_ACCESS_DENIED, 0xC0000022.
    public static let accessDenied = Self(rawValue: 0xC0000022)
    /// STATUS_BUFFER_TOO_SMALL, 0xC0000023.
    public static let bufferTooSmall = Self(rawValue: 0xC0000023)
    /// STATUS_OBJECT_TYPE_MISMATCH, 0xC0000024.
    public static let objectTypeMismatch = Self(rawValue: 0xC0000024)
    /// STATUS_OBJECT_NAME_INVALID, 0xC0000033.
    public static let objectNameInvalid = Self(rawValue: 0xC0000033)
    /// STATUS_OBJECT_NAME_NOT_FOUND, 0xC0000034.
    public static let objectNameNotFound = Self(rawValue: 0xC0000034)
    /// STATUS_OBJECT_NAME_COLLISION, 0xC0000035.
    public static let objectNameCollision = Self(rawValue: 0xC0000035)
    /// STATUS_OBJECT_PATH_NOT_FOUND, 0xC000003A.
    public static let objectPathNotFound = Self(rawValue: 0xC000003A)
    /// STATUS_DATA_ERROR, 0xC000003E.
    public static let dataError = Self(rawValue: 0xC000003E)
    /// STATUS_CRC_ERROR, 0xC000003F.
    public static let crcError = Self(rawValue: 0xC000003F)
    /// STATUS_SHARING_VIOLATION, 0xC0000043.
    public static let sharingViolation = Self(rawValue: 0xC0000043)
    /// STATUS_QUOTA_EXCEEDED, 0xC0000044.
    public static let quotaExceeded = Self(rawValue: 0xC0000044)
    /// STATUS_FILE_LOCK_CONFLICT, 0xC0000054.
    public static let fileLockConflict = Self(rawValue: 0xC0000054)
    /// STATUS_LOCK_NOT_GRANTED, 0xC0000055.
    public static let lockNotGranted = Self(rawValue: 0xC0000055)
    /// STATUS_DELETE_PENDING, 0xC0000056.
    public static let deletePending = Self(rawValue: 0xC0000056)
    /// STATUS_PRIVILEGE_NOT_HELD, 0xC0000061.
    public static let privilegeNotHeld = Self(rawValue: 0xC0000061)
    /// STATUS_DISK_FULL, 0xC000007F.
    public static let diskFull = Self(rawValue: 0xC000007F)
    /// STATUS_INSUFFICIENT_RESOURCES, 0xC000009A.
    public static let insufficientResources = Self(rawValue: 0xC000009A)
    /// STATUS_DEVICE_NOT_CONNECTED, 0xC000009D.
    public static let deviceNotConnected = Self(rawValue: 0xC000009D)
    /// STATUS_MEDIA_WRITE_PROTECTED, 0xC00000A2.
    public static let mediaWriteProtected = Self(rawValue: 0xC00000A2)
    /// STATUS_DEVICE_NOT_READY, 0xC00000A3.
    public static let deviceNotReady = Self(rawValue: 0xC00000A3)
    /// STATUS_IO_TIMEOUT, 0xC00000B5.
    public static let ioTimeout = Self(rawValue: 0xC00000B5)
    /// STATUS_FILE_IS_A_DIRECTORY, 0xC00000BA.
    public static let fileIsADirectory = Self(rawValue: 0xC00000BA)
    /// STATUS_NOT_SUPPORTED, 0xC00000BB.
    public static let notSupported = Self(rawValue: 0xC00000BB)
    /// STATUS_NOT_SAME_DEVICE, 0xC00000D4.
    public static let notSameDevice = Self(rawValue: 0xC00000D4)
    /// STATUS_INTERNAL_ERROR, 0xC00000E5.
    public static let internalError = Self(rawValue: 0xC00000E5)
    /// STATUS_INVALID_USER_BUFFER, 0xC00000E8.
    public static let invalidUserBuffer = Self(rawValue: 0xC00000E8)
    /// STATUS_INVALID_PARAMETER_1, 0xC00000EF.
    public static let invalidParameter1 = Self(rawValue: 0xC00000EF)
    /// STATUS_INVALID_PARAMETER_2, 0xC00000F0.
    public static let invalidParameter2 = Self(rawValue: 0xC00000F0)
    /// STATUS_INVALID_PARAMETER_3, 0xC00000F1.
    public static let invalidParameter3 = Self(rawValue: 0xC00000F1)
    /// STATUS_INVALID_PARAMETER_4, 0xC00000F2.
    public static let invalidParameter4 = Self(rawValue: 0xC00000F2)
    /// STATUS_DIRECTORY_NOT_EMPTY, 0xC0000101.
    public static let directoryNotEmpty = Self(rawValue: 0xC0000101)
    /// STATUS_NOT_A_DIRECTORY, 0xC0000103.
    public static let notADirectory = Self(rawValue: 0xC0000103)
    /// STATUS_NAME_TOO_LONG, 0xC0000106.
    public static let nameTooLong = Self(rawValue: 0xC0000106)
    /// STATUS_TOO_MANY_OPENED_FILES, 0xC000011F.
    public static let tooManyOpenedFiles = Self(rawValue: 0xC000011F)
    /// STATUS_CANCELLED, 0xC0000120.
    public static let cancelled = Self(rawValue: 0xC0000120)
    /// STATUS_CANNOT_DELETE, 0xC0000121.
    public static let cannotDelete = Self(rawValue: 0xC0000121)
    /// STATUS_FILE_DELETED, 0xC0000123.
    public static let fileDeleted = Self(rawValue: 0xC0000123)
    /// STATUS_FILE_CLOSED, 0xC0000128.
    public static let fileClosed = Self(rawValue: 0xC0000128)
    /// STATUS_IO_DEVICE_ERROR, 0xC0000185.
    public static let ioDeviceError = Self(rawValue: 0xC0000185)
    /// STATUS_INVALID_BUFFER_SIZE, 0xC0000206.
    public static let invalidBufferSize = Self(rawValue: 0xC0000206)
    /// STATUS_NOT_FOUND, 0xC0000225.
    public static let notFound = Self(rawValue: 0xC0000225)
    /// STATUS_RETRY, 0xC000022D.
    public static let retry = Self(rawValue: 0xC000022D)
    /// STATUS_TOO_MANY_LINKS, 0xC0000265.
    public static let tooManyLinks = Self(rawValue: 0xC0000265)
    /// STATUS_REPARSE_POINT_NOT_RESOLVED, 0xC0000280.
    public static let reparsePointNotResolved = Self(rawValue: 0xC0000280)
    /// STATUS_FILE_TOO_LARGE, 0xC0000904.
    public static let fileTooLarge = Self(rawValue: 0xC0000904)
    /// STATUS_VIRUS_INFECTED, 0xC0000906.
    public static let virusInfected = Self(rawValue: 0xC0000906)
}
