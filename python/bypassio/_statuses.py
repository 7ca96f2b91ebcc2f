"""Statuses: NTSTATUS, its name in ntstatus.h, Win32's number, and a sentence."""
from __future__ import annotations

# By number. Win32's is None for a status that has none.
STATUSES: dict[int, tuple[str, int | None, str]] = {
    0x00000000: ("STATUS_SUCCESS", 0, "The operation completed successfully"),
    0x00000102: ("STATUS_TIMEOUT", 258, "No answer came in time"),
    0x00000103: ("STATUS_PENDING", 997, "The operation has been started and will complete later"),
    0x001C0001: ("STATUS_FLT_IO_COMPLETE", 0x001F0001, "The filter completed the request"),
    0x80000005: ("STATUS_BUFFER_OVERFLOW", 234, "The output did not fit and was cut"),
    0x80000006: ("STATUS_NO_MORE_FILES", 18, "There are no more files"),
    0x80000011: ("STATUS_DEVICE_BUSY", 170, "The device is busy"),
    0xC0000001: ("STATUS_UNSUCCESSFUL", 31, "The operation failed for an unspecified reason"),
    0xC0000002: ("STATUS_NOT_IMPLEMENTED", 1, "The operation is not implemented"),
    0xC0000004: (
        "STATUS_INFO_LENGTH_MISMATCH", 24,
        "The length given is not that of the information"),
    0xC0000008: ("STATUS_INVALID_HANDLE", 6, "The handle is not valid"),
    0xC000000D: ("STATUS_INVALID_PARAMETER", 87, "A parameter is not valid"),
    0xC000000E: ("STATUS_NO_SUCH_DEVICE", 2, "The device does not exist"),
    0xC000000F: ("STATUS_NO_SUCH_FILE", 2, "The file does not exist"),
    0xC0000010: (
        "STATUS_INVALID_DEVICE_REQUEST", 1,
        "The request is not valid for this device or file system"),
    0xC0000011: ("STATUS_END_OF_FILE", 38, "The read starts at or after the end of the file"),
    0xC0000016: (
        "STATUS_MORE_PROCESSING_REQUIRED", 234,
        "The request needs more processing before it completes"),
    0xC0000017: ("STATUS_NO_MEMORY", 8, "There is not enough memory"),
    0xC0000022: ("STATUS_ACCESS_DENIED", 5, "Access is denied"),
    0xC0000023: ("STATUS_BUFFER_TOO_SMALL", 122, "The output buffer is too small"),
    0xC0000024: (
        "STATUS_OBJECT_TYPE_MISMATCH", 6,
        "The object is not of the type that the request needs"),
    0xC000002F: ("STATUS_PORT_MESSAGE_TOO_LONG", 8, "The message is longer than the port takes"),
    0xC0000033: ("STATUS_OBJECT_NAME_INVALID", 123, "The name is not valid"),
    0xC0000034: ("STATUS_OBJECT_NAME_NOT_FOUND", 2, "The name was not found"),
    0xC0000035: ("STATUS_OBJECT_NAME_COLLISION", 183, "The name exists already"),
    0xC0000037: ("STATUS_PORT_DISCONNECTED", 6, "Nobody is connected to the port any more"),
    0xC000003A: ("STATUS_OBJECT_PATH_NOT_FOUND", 3, "A directory of the path was not found"),
    0xC000003E: ("STATUS_DATA_ERROR", 23, "The data could not be read or written without error"),
    0xC000003F: ("STATUS_CRC_ERROR", 23, "The data failed a checksum"),
    0xC0000041: (
        "STATUS_PORT_CONNECTION_REFUSED", 5,
        "The port takes no connection of this client"),
    0xC0000043: (
        "STATUS_SHARING_VIOLATION", 32,
        "The file is open in a way that excludes this use"),
    0xC0000044: ("STATUS_QUOTA_EXCEEDED", 1816, "The quota is exhausted"),
    0xC0000054: ("STATUS_FILE_LOCK_CONFLICT", 33, "Another lock on the file is in the way"),
    0xC0000055: ("STATUS_LOCK_NOT_GRANTED", 33, "The lock was not granted"),
    0xC0000056: ("STATUS_DELETE_PENDING", 5, "The file is about to be deleted"),
    0xC0000061: (
        "STATUS_PRIVILEGE_NOT_HELD", 1314,
        "The caller lacks a privilege that the request needs"),
    0xC000007F: ("STATUS_DISK_FULL", 112, "The disk is full"),
    0xC000009A: (
        "STATUS_INSUFFICIENT_RESOURCES", 1450,
        "There are not enough resources for the request"),
    0xC000009D: ("STATUS_DEVICE_NOT_CONNECTED", 1167, "The device is not connected"),
    0xC00000A2: ("STATUS_MEDIA_WRITE_PROTECTED", 19, "The medium is write-protected"),
    0xC00000A3: ("STATUS_DEVICE_NOT_READY", 21, "The device is not ready"),
    0xC00000B5: ("STATUS_IO_TIMEOUT", 121, "The request timed out"),
    0xC00000BA: ("STATUS_FILE_IS_A_DIRECTORY", 5, "The file is a directory"),
    0xC00000BB: ("STATUS_NOT_SUPPORTED", 50, "The request is not supported"),
    0xC00000D4: ("STATUS_NOT_SAME_DEVICE", 17, "The two names are on different volumes"),
    0xC00000E5: ("STATUS_INTERNAL_ERROR", 1359, "An internal error occurred"),
    0xC00000E8: ("STATUS_INVALID_USER_BUFFER", 1784, "The caller's buffer is not accessible"),
    0xC00000EF: ("STATUS_INVALID_PARAMETER_1", 87, "The first parameter is not valid"),
    0xC00000F0: ("STATUS_INVALID_PARAMETER_2", 87, "The second parameter is not valid"),
    0xC00000F1: ("STATUS_INVALID_PARAMETER_3", 87, "The third parameter is not valid"),
    0xC00000F2: ("STATUS_INVALID_PARAMETER_4", 87, "The fourth parameter is not valid"),
    0xC0000101: ("STATUS_DIRECTORY_NOT_EMPTY", 145, "The directory is not empty"),
    0xC0000103: ("STATUS_NOT_A_DIRECTORY", 267, "The file is not a directory"),
    0xC0000106: ("STATUS_NAME_TOO_LONG", 206, "The name is too long"),
    0xC000011F: ("STATUS_TOO_MANY_OPENED_FILES", 4, "Too many files are open"),
    0xC0000120: ("STATUS_CANCELLED", 995, "The request was cancelled"),
    0xC0000121: ("STATUS_CANNOT_DELETE", 5, "The file cannot be deleted"),
    0xC0000123: ("STATUS_FILE_DELETED", 5, "The file has been deleted"),
    0xC0000128: ("STATUS_FILE_CLOSED", 6, "The file object is closed"),
    0xC0000185: ("STATUS_IO_DEVICE_ERROR", 1117, "The device reported an input or output error"),
    0xC0000206: ("STATUS_INVALID_BUFFER_SIZE", 1784, "The input buffer's size is not valid"),
    0xC0000225: ("STATUS_NOT_FOUND", 1168, "The object was not found"),
    0xC000022D: ("STATUS_RETRY", 1237, "The request has to be tried again"),
    0xC0000246: (
        "STATUS_CONNECTION_COUNT_LIMIT", 1238,
        "The port has as many connections as it takes"),
    0xC0000265: ("STATUS_TOO_MANY_LINKS", 1142, "The file has too many links"),
    0xC0000280: (
        "STATUS_REPARSE_POINT_NOT_RESOLVED", 1921,
        "The links in the name could not be resolved"),
    0xC000049A: (
        "STATUS_NOT_SUPPORTED_ON_DAX", 360,
        "The specified operation is not supported on a DAX volume"),
    0xC000049C: ("STATUS_DAX_MAPPING_EXISTS", 361, "The volume has active DAX mappings"),
    0xC00004C3: (
        "STATUS_ENCRYPTED_FILE_NOT_SUPPORTED", 489,
        "The specified operation is not supported on an encrypted file"),
    0xC00004C4: (
        "STATUS_SPARSE_FILE_NOT_SUPPORTED", 490,
        "The specified operation is not supported on a sparse file"),
    0xC00004C5: (
        "STATUS_PAGEFILE_NOT_SUPPORTED", 491,
        "The specified operation is not supported on a pagefile"),
    0xC00004C6: (
        "STATUS_VOLUME_NOT_SUPPORTED", 492,
        "The specified operation is not supported on a volume"),
    0xC00004C7: (
        "STATUS_NOT_SUPPORTED_WITH_BYPASSIO", 493,
        "The specified operation is not supported on a BypassIO enabled file"),
    0xC00004C8: (
        "STATUS_NO_BYPASSIO_DRIVER_SUPPORT", 494,
        "The specified driver does not support BypassIO operations"),
    0xC00004C9: (
        "STATUS_NOT_SUPPORTED_WITH_ENCRYPTION", 495,
        "The specified operation is not supported while encryption is enabled on the "
        "target object"),
    0xC00004CA: (
        "STATUS_NOT_SUPPORTED_WITH_COMPRESSION", 496,
        "The specified operation is not supported while compression is enabled on the "
        "target object"),
    0xC00004CB: (
        "STATUS_NOT_SUPPORTED_WITH_REPLICATION", 497,
        "The specified operation is not supported while replication is enabled on the "
        "target object"),
    0xC00004CC: (
        "STATUS_NOT_SUPPORTED_WITH_DEDUPLICATION", 498,
        "The specified operation is not supported while deduplication is enabled on the "
        "target object"),
    0xC00004CD: (
        "STATUS_NOT_SUPPORTED_WITH_AUDITING", 499,
        "The specified operation is not supported while auditing is enabled on the target object"),
    0xC00004CE: (
        "STATUS_NOT_SUPPORTED_WITH_MONITORING", 503,
        "The specified operation is not supported while monitoring is enabled on the "
        "target object"),
    0xC00004CF: (
        "STATUS_NOT_SUPPORTED_WITH_SNAPSHOT", 504,
        "The specified operation is not supported while snapshot is enabled on the target object"),
    0xC00004D0: (
        "STATUS_NOT_SUPPORTED_WITH_VIRTUALIZATION", 505,
        "The specified operation is not supported while virtualization is enabled on the "
        "target object"),
    0xC00004D1: ("STATUS_INDEX_OUT_OF_BOUNDS", None, "The index is out of bounds"),
    0xC00004D2: (
        "STATUS_BYPASSIO_FLT_NOT_SUPPORTED", 506,
        "At least one minifilter does not support bypass IO"),
    0xC00004D3: (
        "STATUS_VOLUME_WRITE_ACCESS_DENIED", 508,
        "The volume is open for exclusive write access"),
    0xC00004D5: (
        "STATUS_NOT_SUPPORTED_WITH_CACHED_HANDLE", 509,
        "The specified operation is not supported on a file opened for cached IO"),
    0xC00004DD: ("STATUS_NOT_A_DEV_VOLUME", None, "The volume is not a developer volume"),
    0xC00004DF: (
        "STATUS_CANT_ATTACH_TO_DEV_VOLUME", None,
        "The filter may not attach to a developer volume"),
    0xC0000904: ("STATUS_FILE_TOO_LARGE", 223, "The file would be too large"),
    0xC0000906: ("STATUS_VIRUS_INFECTED", 225, "The file contains a virus"),
    0xC01C0001: (
        "STATUS_FLT_NO_HANDLER_DEFINED", 0x801F0001,
        "The filter defines no handler for the request"),
    0xC01C0002: (
        "STATUS_FLT_CONTEXT_ALREADY_DEFINED", 0x801F0002,
        "The object has a context of this filter already"),
    0xC01C0003: (
        "STATUS_FLT_INVALID_ASYNCHRONOUS_REQUEST", 0x801F0003,
        "The request cannot be handled asynchronously"),
    0xC01C0004: (
        "STATUS_FLT_DISALLOW_FAST_IO", 0x801F0004,
        "The filter does not allow fast I/O for the request"),
    0xC01C0006: (
        "STATUS_FLT_NOT_SAFE_TO_POST_OPERATION", 0x801F0006,
        "The request cannot be posted to a worker safely"),
    0xC01C0007: ("STATUS_FLT_NOT_INITIALIZED", 0x801F0007, "The filter manager is not initialised"),
    0xC01C0008: ("STATUS_FLT_FILTER_NOT_READY", 0x801F0008, "The filter has not started filtering"),
    0xC01C0009: (
        "STATUS_FLT_POST_OPERATION_CLEANUP", 0x801F0009,
        "The post-operation callback runs for clean-up only"),
    0xC01C000A: (
        "STATUS_FLT_INTERNAL_ERROR", 0x801F000A,
        "The filter manager met an internal error"),
    0xC01C000B: (
        "STATUS_FLT_DELETING_OBJECT", 0x801F000B,
        "The filter, instance or volume is being deleted"),
    0xC01C000C: (
        "STATUS_FLT_MUST_BE_NONPAGED_POOL", 0x801F000C,
        "The context has to be in non-paged memory"),
    0xC01C000D: ("STATUS_FLT_DUPLICATE_ENTRY", 0x801F000D, "The entry is a duplicate"),
    0xC01C000E: ("STATUS_FLT_CBDQ_DISABLED", 0x801F000E, "The callback data queue is disabled"),
    0xC01C000F: (
        "STATUS_FLT_DO_NOT_ATTACH", 0x801F000F,
        "The filter chose not to attach to the volume"),
    0xC01C0010: (
        "STATUS_FLT_DO_NOT_DETACH", 0x801F0010,
        "The filter refuses to detach from the volume"),
    0xC01C0011: (
        "STATUS_FLT_INSTANCE_ALTITUDE_COLLISION", 0x801F0011,
        "An instance at this altitude exists on the volume"),
    0xC01C0012: (
        "STATUS_FLT_INSTANCE_NAME_COLLISION", 0x801F0012,
        "An instance of this name exists on the volume"),
    0xC01C0013: ("STATUS_FLT_FILTER_NOT_FOUND", 0x801F0013, "The filter was not found"),
    0xC01C0014: ("STATUS_FLT_VOLUME_NOT_FOUND", 0x801F0014, "The volume was not found"),
    0xC01C0015: ("STATUS_FLT_INSTANCE_NOT_FOUND", 0x801F0015, "The instance was not found"),
    0xC01C0016: (
        "STATUS_FLT_CONTEXT_ALLOCATION_NOT_FOUND", 0x801F0016,
        "The filter registered no such context"),
    0xC01C0017: (
        "STATUS_FLT_INVALID_CONTEXT_REGISTRATION", 0x801F0017,
        "The context registration is not valid"),
    0xC01C0018: ("STATUS_FLT_NAME_CACHE_MISS", 0x801F0018, "The name is not in the name cache"),
    0xC01C0019: ("STATUS_FLT_NO_DEVICE_OBJECT", 0x801F0019, "The volume has no device object"),
    0xC01C001A: ("STATUS_FLT_VOLUME_ALREADY_MOUNTED", 0x801F001A, "The volume is mounted already"),
    0xC01C001C: (
        "STATUS_FLT_CONTEXT_ALREADY_LINKED", 0x801F001C,
        "The context is linked to an object already"),
    0xC01C0020: ("STATUS_FLT_NO_WAITER_FOR_REPLY", 0x801F0020, "Nobody waits for the reply"),
    0xC01C0023: ("STATUS_FLT_REGISTRATION_BUSY", 0x801F0023, "The registration is in use"),
    0xC0500005: (
        "STATUS_VOLSNAP_NO_BYPASSIO_WITH_SNAPSHOT", 0x80820003,
        "BypassIO cannot be enabled while the volume has a snapshot"),
}
