extension NTStatus {
    /// The Win32 error number for a user-mode program (winerror.h); an `HRESULT` if the status has
    /// only that; `nil` for a status without either here.
    public var win32: UInt32? {
        generalWin32 ?? notSupportedWin32 ?? filterManagerWin32
    }

    private var generalWin32: UInt32? {
        switch self {
        case .success: 0
        case .timeout: 258
        case .pending: 997
        case .bufferOverflow, .moreProcessingRequired: 234
        case .noMoreFiles: 18
        case .deviceBusy: 170
        case .unsuccessful: 31
        case .notImplemented, .invalidDeviceRequest: 1
        case .infoLengthMismatch: 24
        case .invalidHandle, .objectTypeMismatch, .fileClosed, .portDisconnected: 6
        case .invalidParameter, .invalidParameter1, .invalidParameter2, .invalidParameter3,
            .invalidParameter4:
            87
        case .noSuchDevice, .noSuchFile, .objectNameNotFound: 2
        case .endOfFile: 38
        case .noMemory, .portMessageTooLong: 8
        case .accessDenied, .deletePending, .fileIsADirectory, .cannotDelete, .fileDeleted,
            .portConnectionRefused:
            5
        case .bufferTooSmall: 122
        case .objectNameInvalid: 123
        case .objectNameCollision: 183
        case .objectPathNotFound: 3
        case .dataError, .crcError: 23
        case .sharingViolation: 32
        case .quotaExceeded: 1816
        case .fileLockConflict, .lockNotGranted: 33
        case .privilegeNotHeld: 1314
        case .diskFull: 112
        case .insufficientResources: 1450
        case .deviceNotConnected: 1167
        case .mediaWriteProtected: 19
        case .deviceNotReady: 21
        case .ioTimeout: 121
        case .notSupported: 50
        case .notSameDevice: 17
        case .internalError: 1359
        case .invalidUserBuffer, .invalidBufferSize: 1784
        case .directoryNotEmpty: 145
        case .notADirectory: 267
        case .nameTooLong: 206
        case .tooManyOpenedFiles: 4
        case .cancelled: 995
        case .ioDeviceError: 1117
        case .notFound: 1168
        case .retry: 1237
        case .connectionCountLimit: 1238
        case .tooManyLinks: 1142
        case .reparsePointNotResolved: 1921
        case .fileTooLarge: 223
        case .virusInfected: 225
        default: nil
        }
    }

    private var notSupportedWin32: UInt32? {
        switch self {
        case .notSupportedOnDAX: 360
        case .daxMappingExists: 361
        case .encryptedFileNotSupported: 489
        case .sparseFileNotSupported: 490
        case .pagefileNotSupported: 491
        case .volumeNotSupported: 492
        case .notSupportedWithBypassIO: 493
        case .noBypassIODriverSupport: 494
        case .notSupportedWithEncryption: 495
        case .notSupportedWithCompression: 496
        case .notSupportedWithReplication: 497
        case .notSupportedWithDeduplication: 498
        case .notSupportedWithAuditing: 499
        case .notSupportedWithMonitoring: 503
        case .notSupportedWithSnapshot: 504
        case .notSupportedWithVirtualization: 505
        case .bypassIOFilterNotSupported: 506
        case .volumeWriteAccessDenied: 508
        case .notSupportedWithCachedHandle: 509
        case .volsnapNoBypassIOWithSnapshot: 0x80820003
        default: nil
        }
    }

    private var isListedFilterManagerStatus: Bool {
        rawValue >> 16 & 0x0FFF == 0x01C && name != nil
    }

    /// Filter-manager statuses keep their low half in an `HRESULT` of facility 0x1F.
    private var filterManagerWin32: UInt32? {
        guard isListedFilterManagerStatus else { return nil }
        let severity: UInt32 = isError ? 0x801F_0000 : 0x001F_0000
        return severity | rawValue & 0xFFFF
    }
}
