/// A device or file-system control code, packed as `CTL_CODE` of the Windows headers does:
/// device type in bits 16-31, access in 14-15, function in 2-13, method in 0-1.
public struct ControlCode: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// Packs the four parts; bits of `function` above the lowest 12 are dropped.
    public init(
        deviceType: DeviceType, function: UInt16, method: TransferMethod, access: RequiredAccess
    ) {
        rawValue =
            UInt32(deviceType.rawValue) << 16 | UInt32(access.rawValue) << 14
            | UInt32(function & 0xFFF) << 2 | UInt32(method.rawValue)
    }

    /// FSCTL_MANAGE_BYPASS_IO, 0x00090448 (winioctl.h).
    public static let manageBypassIO = Self(
        deviceType: .fileSystem, function: 274, method: .buffered, access: .any)
    /// IOCTL_STORAGE_MANAGE_BYPASS_IO, 0x002D08C0 (ntddstor.h).
    public static let storageManageBypassIO = Self(
        deviceType: .massStorage, function: 0x230, method: .buffered, access: .any)

    public var deviceType: DeviceType {
        DeviceType(rawValue: UInt16(truncatingIfNeeded: rawValue >> 16))
    }

    /// The function number, 0 to 4095.
    public var function: UInt16 { UInt16(truncatingIfNeeded: rawValue >> 2) & 0xFFF }

    public var access: RequiredAccess {
        switch rawValue >> 14 & 3 {
        case 0: .any
        case 1: .read
        case 2: .write
        default: .readWrite
        }
    }

    public var method: TransferMethod {
        switch rawValue & 3 {
        case 0: .buffered
        case 1: .inDirect
        case 2: .outDirect
        default: .neither
        }
    }

    /// The name in the Windows headers, or `nil` for a code that this library does not speak.
    public var name: String? {
        switch self {
        case .manageBypassIO: "FSCTL_MANAGE_BYPASS_IO"
        case .storageManageBypassIO: "IOCTL_STORAGE_MANAGE_BYPASS_IO"
        default: nil
        }
    }
}

extension ControlCode {
    /// The kind of device that a code is for (`FILE_DEVICE_*`). Unknown values are kept.
    public struct DeviceType: RawRepresentable, Hashable, Sendable {
        public let rawValue: UInt16

        public init(rawValue: UInt16) {
            self.rawValue = rawValue
        }

        /// FILE_DEVICE_DISK.
        public static let disk = Self(rawValue: 0x07)
        /// FILE_DEVICE_FILE_SYSTEM.
        public static let fileSystem = Self(rawValue: 0x09)
        /// FILE_DEVICE_MASS_STORAGE, which IOCTL_STORAGE_BASE equals.
        public static let massStorage = Self(rawValue: 0x2D)
    }

    /// The handle access that a code demands. Two bits, so there are exactly four cases.
    public enum RequiredAccess: UInt8, Hashable, Sendable {
        /// FILE_ANY_ACCESS.
        case any = 0
        /// FILE_READ_ACCESS.
        case read = 1
        /// FILE_WRITE_ACCESS.
        case write = 2
        /// Both.
        case readWrite = 3
    }

    /// How buffers travel. Two bits, so there are exactly four cases.
    public enum TransferMethod: UInt8, Hashable, Sendable {
        /// METHOD_BUFFERED: one copied buffer for input and output.
        case buffered = 0
        /// METHOD_IN_DIRECT.
        case inDirect = 1
        /// METHOD_OUT_DIRECT.
        case outDirect = 2
        /// METHOD_NEITHER: the caller's own pointers.
        case neither = 3
    }
}

extension ControlCode: CustomStringConvertible {
    public var description: String { name ?? Hexadecimal.text(rawValue) }
}
