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
