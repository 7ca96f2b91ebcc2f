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
