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
