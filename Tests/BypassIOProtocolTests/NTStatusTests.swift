import BypassIOProtocol
import Testing

@Suite("Statuses")
struct NTStatusTests {
    @Test("Every listed status has its own number, a name and a sentence")
    func listed() {
        let names = Set(NTStatus.listed.compactMap(\.name))
        #expect(names.count == NTStatus.listed.count)
        for status in NTStatus.listed {
            #expect(status.name?.hasPrefix("STATUS_") == true)
            #expect(!status.message.hasPrefix("Status 0x"), "\(status)")
            #expect(status.message.last != ".", "\(status)")
        }
    }

    @Test("Severity is the top two bits")
    func severity() {
        for status in [NTStatus.success, .pending, .fltIOComplete] {
            #expect(status.isSuccess && !status.isError && !status.isWarning)
        }
        for status in [NTStatus.bufferOverflow, .noMoreFiles] {
            #expect(!status.isSuccess && !status.isError && status.isWarning)
        }
        for status in [NTStatus.accessDenied, .fltDoNotAttach, .volsnapNoBypassIOWithSnapshot] {
            #expect(!status.isSuccess && status.isError && !status.isWarning)
        }
        #expect(NTStatus(rawValue: .max).isError)
    }

    @Test("An unlisted status keeps its number and says so")
    func unlisted() {
        let status = NTStatus(rawValue: 0xC0DE_0001)
        #expect(status.rawValue == 0xC0DE_0001)
        #expect(status.name == nil)
        #expect(status.win32 == nil)
        #expect(status.errno == nil)
        #expect(status.message == "Status 0xC0DE0001")
        #expect(status.description == "0xC0DE0001")
        #expect(NTStatus.accessDenied.description == "STATUS_ACCESS_DENIED (0xC0000022)")
    }

    @Test("spec 3.1: the messages that fsutil prints behind 495 and 506")
    func fsutilMessages() {
        #expect(
            NTStatus.bypassIOFilterNotSupported.message
                == "At least one minifilter does not support bypass IO")
        #expect(
            NTStatus.notSupportedWithEncryption.message
                == "The specified operation is not supported while encryption is enabled on the "
                + "target object")
    }

    /// The rows of spec 2.1: constant, name, number, Win32 number.
    static let refusals: [(NTStatus, String, UInt32, UInt32?)] = [
        (.encryptedFileNotSupported, "ENCRYPTED_FILE_NOT_SUPPORTED", 0xC000_04C3, 489),
        (.sparseFileNotSupported, "SPARSE_FILE_NOT_SUPPORTED", 0xC000_04C4, 490),
        (.pagefileNotSupported, "PAGEFILE_NOT_SUPPORTED", 0xC000_04C5, 491),
        (.volumeNotSupported, "VOLUME_NOT_SUPPORTED", 0xC000_04C6, 492),
        (.notSupportedWithBypassIO, "NOT_SUPPORTED_WITH_BYPASSIO", 0xC000_04C7, 493),
        (.noBypassIODriverSupport, "NO_BYPASSIO_DRIVER_SUPPORT", 0xC000_04C8, 494),
        (.notSupportedWithEncryption, "NOT_SUPPORTED_WITH_ENCRYPTION", 0xC000_04C9, 495),
        (.notSupportedWithCompression, "NOT_SUPPORTED_WITH_COMPRESSION", 0xC000_04CA, 496),
        (.notSupportedWithReplication, "NOT_SUPPORTED_WITH_REPLICATION", 0xC000_04CB, 497),
        (.notSupportedWithDeduplication, "NOT_SUPPORTED_WITH_DEDUPLICATION", 0xC000_04CC, 498),
        (.notSupportedWithAuditing, "NOT_SUPPORTED_WITH_AUDITING", 0xC000_04CD, 499),
        (.notSupportedWithMonitoring, "NOT_SUPPORTED_WITH_MONITORING", 0xC000_04CE, 503),
        (.notSupportedWithSnapshot, "NOT_SUPPORTED_WITH_SNAPSHOT", 0xC000_04CF, 504),
        (.notSupportedWithVirtualization, "NOT_SUPPORTED_WITH_VIRTUALIZATION", 0xC000_04D0, 505),
        (.indexOutOfBounds, "INDEX_OUT_OF_BOUNDS", 0xC000_04D1, nil),
        (.bypassIOFilterNotSupported, "BYPASSIO_FLT_NOT_SUPPORTED", 0xC000_04D2, 506),
        (.volumeWriteAccessDenied, "VOLUME_WRITE_ACCESS_DENIED", 0xC000_04D3, 508),
        (.notSupportedWithCachedHandle, "NOT_SUPPORTED_WITH_CACHED_HANDLE", 0xC000_04D5, 509),
        (
            .volsnapNoBypassIOWithSnapshot, "VOLSNAP_NO_BYPASSIO_WITH_SNAPSHOT", 0xC050_0005,
            0x8082_0003
        ),
        (.notSupportedOnDAX, "NOT_SUPPORTED_ON_DAX", 0xC000_049A, 360),
        (.daxMappingExists, "DAX_MAPPING_EXISTS", 0xC000_049C, 361),
    ]

    /// The rows of spec 2.2, and the two neighbours named below its table.
    static let generic: [(NTStatus, String, UInt32, UInt32?)] = [
        (.success, "SUCCESS", 0, 0),
        (.bufferTooSmall, "BUFFER_TOO_SMALL", 0xC000_0023, 122),
        (.invalidBufferSize, "INVALID_BUFFER_SIZE", 0xC000_0206, 1784),
        (.invalidParameter3, "INVALID_PARAMETER_3", 0xC000_00F1, 87),
        (.invalidParameter4, "INVALID_PARAMETER_4", 0xC000_00F2, 87),
        (.notSupported, "NOT_SUPPORTED", 0xC000_00BB, 50),
        (.invalidParameter, "INVALID_PARAMETER", 0xC000_000D, 87),
        (.infoLengthMismatch, "INFO_LENGTH_MISMATCH", 0xC000_0004, 24),
        (.invalidDeviceRequest, "INVALID_DEVICE_REQUEST", 0xC000_0010, 1),
        (.notADevVolume, "NOT_A_DEV_VOLUME", 0xC000_04DD, nil),
        (.cannotAttachToDevVolume, "CANT_ATTACH_TO_DEV_VOLUME", 0xC000_04DF, nil),
    ]

    /// Statuses from elsewhere in the project: number and well-known Win32 number.
    static let others: [(NTStatus, String, UInt32, UInt32?)] = [
        (.accessDenied, "ACCESS_DENIED", 0xC000_0022, 5),
        (.fileClosed, "FILE_CLOSED", 0xC000_0128, 6),
        (.endOfFile, "END_OF_FILE", 0xC000_0011, 38),
        (.cancelled, "CANCELLED", 0xC000_0120, 995),
        (.ioDeviceError, "IO_DEVICE_ERROR", 0xC000_0185, 1117),
        (.pending, "PENDING", 0x0000_0103, 997),
        (.objectNameNotFound, "OBJECT_NAME_NOT_FOUND", 0xC000_0034, 2),
        (.sharingViolation, "SHARING_VIOLATION", 0xC000_0043, 32),
        (.diskFull, "DISK_FULL", 0xC000_007F, 112),
        (.timeout, "TIMEOUT", 0x0000_0102, 258),
        (.portMessageTooLong, "PORT_MESSAGE_TOO_LONG", 0xC000_002F, 8),
        (.portDisconnected, "PORT_DISCONNECTED", 0xC000_0037, 6),
        (.portConnectionRefused, "PORT_CONNECTION_REFUSED", 0xC000_0041, 5),
        (.connectionCountLimit, "CONNECTION_COUNT_LIMIT", 0xC000_0246, 1238),
    ]

    @Test(
        "spec 2: every row's number, name and Win32 number",
        arguments: (refusals + generic + others).indices)
    func rows(index: Int) {
        let (status, name, number, win32) = (Self.refusals + Self.generic + Self.others)[index]
        #expect(status.rawValue == number)
        #expect(status.name == "STATUS_" + name)
        #expect(status.win32 == win32)
    }

    /// The filter manager's statuses of spec 2.2: constant, name after STATUS_FLT_, low half.
    static let filterManager: [(NTStatus, String, UInt32)] = [
        (.fltNoHandlerDefined, "NO_HANDLER_DEFINED", 0x01),
        (.fltContextAlreadyDefined, "CONTEXT_ALREADY_DEFINED", 0x02),
        (.fltInvalidAsynchronousRequest, "INVALID_ASYNCHRONOUS_REQUEST", 0x03),
        (.fltDisallowFastIO, "DISALLOW_FAST_IO", 0x04),
        (.fltNotSafeToPostOperation, "NOT_SAFE_TO_POST_OPERATION", 0x06),
        (.fltNotInitialized, "NOT_INITIALIZED", 0x07),
        (.fltFilterNotReady, "FILTER_NOT_READY", 0x08),
        (.fltPostOperationCleanup, "POST_OPERATION_CLEANUP", 0x09),
        (.fltInternalError, "INTERNAL_ERROR", 0x0A),
        (.fltDeletingObject, "DELETING_OBJECT", 0x0B),
        (.fltMustBeNonpagedPool, "MUST_BE_NONPAGED_POOL", 0x0C),
        (.fltDuplicateEntry, "DUPLICATE_ENTRY", 0x0D),
        (.fltCbdqDisabled, "CBDQ_DISABLED", 0x0E),
        (.fltDoNotAttach, "DO_NOT_ATTACH", 0x0F),
        (.fltDoNotDetach, "DO_NOT_DETACH", 0x10),
        (.fltInstanceAltitudeCollision, "INSTANCE_ALTITUDE_COLLISION", 0x11),
        (.fltInstanceNameCollision, "INSTANCE_NAME_COLLISION", 0x12),
        (.fltFilterNotFound, "FILTER_NOT_FOUND", 0x13),
        (.fltVolumeNotFound, "VOLUME_NOT_FOUND", 0x14),
        (.fltInstanceNotFound, "INSTANCE_NOT_FOUND", 0x15),
        (.fltContextAllocationNotFound, "CONTEXT_ALLOCATION_NOT_FOUND", 0x16),
        (.fltInvalidContextRegistration, "INVALID_CONTEXT_REGISTRATION", 0x17),
        (.fltNameCacheMiss, "NAME_CACHE_MISS", 0x18),
        (.fltNoDeviceObject, "NO_DEVICE_OBJECT", 0x19),
        (.fltVolumeAlreadyMounted, "VOLUME_ALREADY_MOUNTED", 0x1A),
        (.fltContextAlreadyLinked, "CONTEXT_ALREADY_LINKED", 0x1C),
        (.fltNoWaiterForReply, "NO_WAITER_FOR_REPLY", 0x20),
        (.fltRegistrationBusy, "REGISTRATION_BUSY", 0x23),
    ]

    @Test(
        "spec 2.2: filter-manager statuses 0xC01C00xx mirror as 0x801F00xx",
        arguments: filterManager.indices)
    func filterManagerRows(index: Int) {
        let (status, name, low) = Self.filterManager[index]
        #expect(status.rawValue == 0xC01C_0000 + low)
        #expect(status.name == "STATUS_FLT_" + name)
        #expect(status.win32 == 0x801F_0000 + low)
    }

    @Test("spec 2.2: STATUS_FLT_IO_COMPLETE is a success")
    func filterComplete() {
        #expect(NTStatus.fltIOComplete.rawValue == 0x001C_0001)
        #expect(NTStatus.fltIOComplete.name == "STATUS_FLT_IO_COMPLETE")
        #expect(NTStatus.fltIOComplete.win32 == 0x001F_0001)
        #expect(NTStatus(rawValue: 0xC01C_0005).win32 == nil)
    }
}
