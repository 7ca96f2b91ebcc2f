extension NTStatus {
    /// The Linux errno for an ordinary operation that failed with this status: 0 for success, `nil`
    /// if no number fits and the caller has to choose.
    ///
    /// These are Linux' numbers on every platform, because a mounted volume answers with them.
    public var errno: Int32? {
        if self == .success { return 0 }
        return Self.errnoPairs.first { $0.statuses.contains(self) }?.errno
    }

    /// The status closest to a Linux error number: `.success` for 0, `nil` for a number without a
    /// counterpart here.
    public init?(errno: Int32) {
        if errno == 0 {
            self = .success
            return
        }
        guard let status = Self.errnoPairs.first(where: { $0.errno == errno })?.statuses.first
        else { return nil }
        self = status
    }

    /// Each number with the statuses that map to it. The number maps back to the first of them.
    private static let errnoPairs: [(errno: Int32, statuses: [NTStatus])] = [
        (1, [.privilegeNotHeld, .cannotDelete, .virusInfected]),  // EPERM
        (2, [.objectNameNotFound, .noSuchFile, .objectPathNotFound, .deletePending]),  // ENOENT
        (5, [.ioDeviceError, .unsuccessful, .dataError, .crcError]),  // EIO
        (9, [.fileClosed, .invalidHandle]),  // EBADF
        (11, [.retry, .fileLockConflict, .lockNotGranted]),  // EAGAIN
        (12, [.insufficientResources, .noMemory]),  // ENOMEM
        (13, [.accessDenied, .volumeWriteAccessDenied, .portConnectionRefused]),  // EACCES
        (14, [.invalidUserBuffer]),  // EFAULT
        (16, [.sharingViolation, .deviceBusy, .daxMappingExists]),  // EBUSY
        (17, [.objectNameCollision]),  // EEXIST
        (18, [.notSameDevice]),  // EXDEV
        (19, [.noSuchDevice]),  // ENODEV
        (20, [.notADirectory]),  // ENOTDIR
        (21, [.fileIsADirectory]),  // EISDIR
        // EINVAL
        (
            22,
            [
                .invalidParameter, .infoLengthMismatch, .objectNameInvalid, .invalidParameter1,
                .invalidParameter2, .invalidParameter3, .invalidParameter4, .invalidBufferSize,
            ]
        ),
        (24, [.tooManyOpenedFiles]),  // EMFILE
        (25, [.invalidDeviceRequest]),  // ENOTTY
        (27, [.fileTooLarge]),  // EFBIG
        (28, [.diskFull]),  // ENOSPC
        (30, [.mediaWriteProtected]),  // EROFS
        (31, [.tooManyLinks]),  // EMLINK
        (34, [.bufferTooSmall]),  // ERANGE
        (36, [.nameTooLong]),  // ENAMETOOLONG
        (38, [.notImplemented]),  // ENOSYS
        (39, [.directoryNotEmpty]),  // ENOTEMPTY
        (40, [.reparsePointNotResolved]),  // ELOOP
        // EOPNOTSUPP
        (
            95,
            [
                .notSupported, .notSupportedOnDAX, .encryptedFileNotSupported,
                .sparseFileNotSupported, .pagefileNotSupported, .volumeNotSupported,
                .notSupportedWithBypassIO, .noBypassIODriverSupport, .notSupportedWithEncryption,
                .notSupportedWithCompression, .notSupportedWithReplication,
                .notSupportedWithDeduplication, .notSupportedWithAuditing,
                .notSupportedWithMonitoring, .notSupportedWithSnapshot,
                .notSupportedWithVirtualization, .bypassIOFilterNotSupported,
                .notSupportedWithCachedHandle, .volsnapNoBypassIOWithSnapshot,
            ]
        ),
        (107, [.deviceNotConnected, .portDisconnected]),  // ENOTCONN
        (110, [.ioTimeout]),  // ETIMEDOUT
        (116, [.fileDeleted]),  // ESTALE
        (122, [.quotaExceeded]),  // EDQUOT
        (125, [.cancelled]),  // ECANCELED
    ]
}
