import BypassIOProtocol

/// The failures that rules and programs name as Linux does. ENOSYS is not among them: the kernel
/// would never ask again.
enum NamedErrno {
    static let all: [(name: String, status: NTStatus)] = [
        ("EPERM", .privilegeNotHeld), ("ENOENT", .objectNameNotFound), ("EIO", .ioDeviceError),
        ("EAGAIN", .retry), ("ENOMEM", .insufficientResources), ("EACCES", .accessDenied),
        ("EBUSY", .deviceBusy), ("EEXIST", .objectNameCollision), ("ENODEV", .noSuchDevice),
        ("EINVAL", .invalidParameter), ("EMFILE", .tooManyOpenedFiles), ("EFBIG", .fileTooLarge),
        ("ENOSPC", .diskFull), ("EROFS", .mediaWriteProtected), ("EOPNOTSUPP", .notSupported),
        ("ETIMEDOUT", .ioTimeout), ("ESTALE", .fileDeleted), ("EDQUOT", .quotaExceeded),
    ]

    static func status(_ name: String) -> NTStatus? { all.first { $0.name == name }?.status }
}
