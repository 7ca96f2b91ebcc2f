internal import CKernelABI
public import SystemPackage

/// Questions to the service of a mount that may be stopped or hang. Each is put by a process of its
/// own: a process that waits for a request which a service has and does not answer can't end, not
/// even by SIGKILL.
public enum ServiceQuestion {
    /// The largest value of an attribute, in bytes (XATTR_SIZE_MAX).
    private static let largestAttribute = 65536

    /// The value of an extended attribute. Throws the error of getxattr(2), and `ETIMEDOUT` where
    /// no answer comes in time.
    public static func attribute(
        _ name: String, of path: FilePath, within limit: Duration
    ) throws(Errno) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: largestAttribute)
        let count = unsafe bytes.withUnsafeMutableBytes { room in
            unsafe path.withPlatformString { path in
                unsafe bpio_ask(path, name, room.baseAddress, room.count, limit.milliseconds)
            }
        }
        guard count >= 0 else { throw Errno(rawValue: Int32(clamping: -count)) }
        bytes.removeLast(bytes.count - Int(count))
        return bytes
    }

    /// The error of a statx(2) that goes past the kernel's knowledge; nil for no error, `ETIMEDOUT`
    /// where no answer comes in time.
    public static func status(of path: FilePath, within limit: Duration) -> Errno? {
        let result = unsafe path.withPlatformString { path in
            unsafe bpio_ask(path, nil, nil, 0, limit.milliseconds)
        }
        return result < 0 ? Errno(rawValue: Int32(clamping: -result)) : nil
    }
}

extension Duration {
    fileprivate var milliseconds: Int32 {
        let (seconds, attoseconds) = components
        return Int32(clamping: seconds * 1000 + attoseconds / 1_000_000_000_000_000)
    }
}
