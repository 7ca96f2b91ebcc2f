/// A status of Windows' kernel (`NTSTATUS`): severity in bits 30-31, facility in 16-27, code below.
///
/// Statuses that are errors can be thrown. Any number is a value. The statuses that Windows uses
/// around this control code have constants, a name, a message and their Win32 and Linux
/// counterparts.
@frozen
public struct NTStatus: RawRepresentable, Hashable, Sendable, Error {
    public let rawValue: UInt32

    @inlinable
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// Whether the severity is success or informational (`NT_SUCCESS`).
    @inlinable
    public var isSuccess: Bool { rawValue < 0x8000_0000 }

    /// Whether the severity is warning (`NT_WARNING`).
    @inlinable
    public var isWarning: Bool { rawValue >> 30 == 2 }

    /// Whether the severity is error (`NT_ERROR`).
    @inlinable
    public var isError: Bool { rawValue >> 30 == 3 }
}

extension NTStatus: CustomStringConvertible {
    /// The name and the number, such as `STATUS_ACCESS_DENIED (0xC0000022)`.
    public var description: String {
        let number = Hexadecimal.text(rawValue)
        return name.map { "\($0) (\(number))" } ?? number
    }
}

/// Statuses of the I/O system at large (ntstatus.h).
extension NTStatus {
    /// STATUS_SUCCESS, 0x00000000.
    public static let success = Self(rawValue: 0x00000000)
    /// STATUS_TIMEOUT, 0x00000102. Its number says success.
    public static let timeout = Self(rawValue: 0x00000102)
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
    /// STATUS_PORT_MESSAGE_TOO_LONG, 0xC000002F.
    public static let portMessageTooLong = Self(rawValue: 0xC000002F)
    /// STATUS_OBJECT_NAME_INVALID, 0xC0000033.
    public static let objectNameInvalid = Self(rawValue: 0xC0000033)
    /// STATUS_OBJECT_NAME_NOT_FOUND, 0xC0000034.
    public static let objectNameNotFound = Self(rawValue: 0xC0000034)
    /// STATUS_OBJECT_NAME_COLLISION, 0xC0000035.
    public static let objectNameCollision = Self(rawValue: 0xC0000035)
    /// STATUS_PORT_DISCONNECTED, 0xC0000037.
    public static let portDisconnected = Self(rawValue: 0xC0000037)
    /// STATUS_OBJECT_PATH_NOT_FOUND, 0xC000003A.
    public static let objectPathNotFound = Self(rawValue: 0xC000003A)
    /// STATUS_DATA_ERROR, 0xC000003E.
    public static let dataError = Self(rawValue: 0xC000003E)
    /// STATUS_CRC_ERROR, 0xC000003F.
    public static let crcError = Self(rawValue: 0xC000003F)
    /// STATUS_PORT_CONNECTION_REFUSED, 0xC0000041.
    public static let portConnectionRefused = Self(rawValue: 0xC0000041)
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
    /// STATUS_CONNECTION_COUNT_LIMIT, 0xC0000246.
    public static let connectionCountLimit = Self(rawValue: 0xC0000246)
    /// STATUS_TOO_MANY_LINKS, 0xC0000265.
    public static let tooManyLinks = Self(rawValue: 0xC0000265)
    /// STATUS_REPARSE_POINT_NOT_RESOLVED, 0xC0000280.
    public static let reparsePointNotResolved = Self(rawValue: 0xC0000280)
    /// STATUS_FILE_TOO_LARGE, 0xC0000904.
    public static let fileTooLarge = Self(rawValue: 0xC0000904)
    /// STATUS_VIRUS_INFECTED, 0xC0000906.
    public static let virusInfected = Self(rawValue: 0xC0000906)
}

/// Statuses of the filter manager (ntstatus.h, facility 0x1C).
extension NTStatus {
    /// STATUS_FLT_IO_COMPLETE, 0x001C0001.
    public static let fltIOComplete = Self(rawValue: 0x001C0001)
    /// STATUS_FLT_NO_HANDLER_DEFINED, 0xC01C0001.
    public static let fltNoHandlerDefined = Self(rawValue: 0xC01C0001)
    /// STATUS_FLT_CONTEXT_ALREADY_DEFINED, 0xC01C0002.
    public static let fltContextAlreadyDefined = Self(rawValue: 0xC01C0002)
    /// STATUS_FLT_INVALID_ASYNCHRONOUS_REQUEST, 0xC01C0003.
    public static let fltInvalidAsynchronousRequest = Self(rawValue: 0xC01C0003)
    /// STATUS_FLT_DISALLOW_FAST_IO, 0xC01C0004.
    public static let fltDisallowFastIO = Self(rawValue: 0xC01C0004)
    /// STATUS_FLT_NOT_SAFE_TO_POST_OPERATION, 0xC01C0006.
    public static let fltNotSafeToPostOperation = Self(rawValue: 0xC01C0006)
    /// STATUS_FLT_NOT_INITIALIZED, 0xC01C0007.
    public static let fltNotInitialized = Self(rawValue: 0xC01C0007)
    /// STATUS_FLT_FILTER_NOT_READY, 0xC01C0008.
    public static let fltFilterNotReady = Self(rawValue: 0xC01C0008)
    /// STATUS_FLT_POST_OPERATION_CLEANUP, 0xC01C0009.
    public static let fltPostOperationCleanup = Self(rawValue: 0xC01C0009)
    /// STATUS_FLT_INTERNAL_ERROR, 0xC01C000A.
    public static let fltInternalError = Self(rawValue: 0xC01C000A)
    /// STATUS_FLT_DELETING_OBJECT, 0xC01C000B.
    public static let fltDeletingObject = Self(rawValue: 0xC01C000B)
    /// STATUS_FLT_MUST_BE_NONPAGED_POOL, 0xC01C000C.
    public static let fltMustBeNonpagedPool = Self(rawValue: 0xC01C000C)
    /// STATUS_FLT_DUPLICATE_ENTRY, 0xC01C000D.
    public static let fltDuplicateEntry = Self(rawValue: 0xC01C000D)
    /// STATUS_FLT_CBDQ_DISABLED, 0xC01C000E.
    public static let fltCbdqDisabled = Self(rawValue: 0xC01C000E)
    /// STATUS_FLT_DO_NOT_ATTACH, 0xC01C000F.
    public static let fltDoNotAttach = Self(rawValue: 0xC01C000F)
    /// STATUS_FLT_DO_NOT_DETACH, 0xC01C0010.
    public static let fltDoNotDetach = Self(rawValue: 0xC01C0010)
    /// STATUS_FLT_INSTANCE_ALTITUDE_COLLISION, 0xC01C0011.
    public static let fltInstanceAltitudeCollision = Self(rawValue: 0xC01C0011)
    /// STATUS_FLT_INSTANCE_NAME_COLLISION, 0xC01C0012.
    public static let fltInstanceNameCollision = Self(rawValue: 0xC01C0012)
    /// STATUS_FLT_FILTER_NOT_FOUND, 0xC01C0013.
    public static let fltFilterNotFound = Self(rawValue: 0xC01C0013)
    /// STATUS_FLT_VOLUME_NOT_FOUND, 0xC01C0014.
    public static let fltVolumeNotFound = Self(rawValue: 0xC01C0014)
    /// STATUS_FLT_INSTANCE_NOT_FOUND, 0xC01C0015.
    public static let fltInstanceNotFound = Self(rawValue: 0xC01C0015)
    /// STATUS_FLT_CONTEXT_ALLOCATION_NOT_FOUND, 0xC01C0016.
    public static let fltContextAllocationNotFound = Self(rawValue: 0xC01C0016)
    /// STATUS_FLT_INVALID_CONTEXT_REGISTRATION, 0xC01C0017.
    public static let fltInvalidContextRegistration = Self(rawValue: 0xC01C0017)
    /// STATUS_FLT_NAME_CACHE_MISS, 0xC01C0018.
    public static let fltNameCacheMiss = Self(rawValue: 0xC01C0018)
    /// STATUS_FLT_NO_DEVICE_OBJECT, 0xC01C0019.
    public static let fltNoDeviceObject = Self(rawValue: 0xC01C0019)
    /// STATUS_FLT_VOLUME_ALREADY_MOUNTED, 0xC01C001A.
    public static let fltVolumeAlreadyMounted = Self(rawValue: 0xC01C001A)
    /// STATUS_FLT_CONTEXT_ALREADY_LINKED, 0xC01C001C.
    public static let fltContextAlreadyLinked = Self(rawValue: 0xC01C001C)
    /// STATUS_FLT_NO_WAITER_FOR_REPLY, 0xC01C0020.
    public static let fltNoWaiterForReply = Self(rawValue: 0xC01C0020)
    /// STATUS_FLT_REGISTRATION_BUSY, 0xC01C0023.
    public static let fltRegistrationBusy = Self(rawValue: 0xC01C0023)
}

/// Why bypass, or an operation beside it, is refused (ntstatus.h).
extension NTStatus {
    /// STATUS_NOT_SUPPORTED_ON_DAX, 0xC000049A.
    public static let notSupportedOnDAX = Self(rawValue: 0xC000049A)
    /// STATUS_DAX_MAPPING_EXISTS, 0xC000049C.
    public static let daxMappingExists = Self(rawValue: 0xC000049C)
    /// STATUS_ENCRYPTED_FILE_NOT_SUPPORTED, 0xC00004C3.
    public static let encryptedFileNotSupported = Self(rawValue: 0xC00004C3)
    /// STATUS_SPARSE_FILE_NOT_SUPPORTED, 0xC00004C4.
    public static let sparseFileNotSupported = Self(rawValue: 0xC00004C4)
    /// STATUS_PAGEFILE_NOT_SUPPORTED, 0xC00004C5.
    public static let pagefileNotSupported = Self(rawValue: 0xC00004C5)
    /// STATUS_VOLUME_NOT_SUPPORTED, 0xC00004C6.
    public static let volumeNotSupported = Self(rawValue: 0xC00004C6)
    /// STATUS_NOT_SUPPORTED_WITH_BYPASSIO, 0xC00004C7.
    public static let notSupportedWithBypassIO = Self(rawValue: 0xC00004C7)
    /// STATUS_NO_BYPASSIO_DRIVER_SUPPORT, 0xC00004C8.
    public static let noBypassIODriverSupport = Self(rawValue: 0xC00004C8)
    /// STATUS_NOT_SUPPORTED_WITH_ENCRYPTION, 0xC00004C9.
    public static let notSupportedWithEncryption = Self(rawValue: 0xC00004C9)
    /// STATUS_NOT_SUPPORTED_WITH_COMPRESSION, 0xC00004CA.
    public static let notSupportedWithCompression = Self(rawValue: 0xC00004CA)
    /// STATUS_NOT_SUPPORTED_WITH_REPLICATION, 0xC00004CB.
    public static let notSupportedWithReplication = Self(rawValue: 0xC00004CB)
    /// STATUS_NOT_SUPPORTED_WITH_DEDUPLICATION, 0xC00004CC.
    public static let notSupportedWithDeduplication = Self(rawValue: 0xC00004CC)
    /// STATUS_NOT_SUPPORTED_WITH_AUDITING, 0xC00004CD.
    public static let notSupportedWithAuditing = Self(rawValue: 0xC00004CD)
    /// STATUS_NOT_SUPPORTED_WITH_MONITORING, 0xC00004CE.
    public static let notSupportedWithMonitoring = Self(rawValue: 0xC00004CE)
    /// STATUS_NOT_SUPPORTED_WITH_SNAPSHOT, 0xC00004CF.
    public static let notSupportedWithSnapshot = Self(rawValue: 0xC00004CF)
    /// STATUS_NOT_SUPPORTED_WITH_VIRTUALIZATION, 0xC00004D0.
    public static let notSupportedWithVirtualization = Self(rawValue: 0xC00004D0)
    /// STATUS_INDEX_OUT_OF_BOUNDS, 0xC00004D1.
    public static let indexOutOfBounds = Self(rawValue: 0xC00004D1)
    /// STATUS_BYPASSIO_FLT_NOT_SUPPORTED, 0xC00004D2.
    public static let bypassIOFilterNotSupported = Self(rawValue: 0xC00004D2)
    /// STATUS_VOLUME_WRITE_ACCESS_DENIED, 0xC00004D3.
    public static let volumeWriteAccessDenied = Self(rawValue: 0xC00004D3)
    /// STATUS_NOT_SUPPORTED_WITH_CACHED_HANDLE, 0xC00004D5.
    public static let notSupportedWithCachedHandle = Self(rawValue: 0xC00004D5)
    /// STATUS_NOT_A_DEV_VOLUME, 0xC00004DD.
    public static let notADevVolume = Self(rawValue: 0xC00004DD)
    /// STATUS_CANT_ATTACH_TO_DEV_VOLUME, 0xC00004DF.
    public static let cannotAttachToDevVolume = Self(rawValue: 0xC00004DF)
    /// STATUS_VOLSNAP_NO_BYPASSIO_WITH_SNAPSHOT, 0xC0500005.
    public static let volsnapNoBypassIOWithSnapshot = Self(rawValue: 0xC0500005)
}
