/// A verdict and the name of its driver (`FS_BPIO_RESULTS`, ntifs.h; `BPIO_RESULTS`, ntddstor.h,
/// has the same layout): 328 bytes.
public struct BypassIOResults: WireStructure {
    public static let windowsName = "FS_BPIO_RESULTS"
    public static let size = 328

    /// Offset 0, `OpStatus`: success, or why bypass is refused.
    public var status: NTStatus
    /// Offset 4 (length) and 6 (units): the driver that refuses, with its extension.
    public var driverName: DriverName
    /// Offset 70 (length) and 72 (units): its reason, an English sentence.
    public var failureReason: FailureReason

    public init(
        status: NTStatus = .success, driverName: DriverName,
        failureReason: FailureReason = FailureReason()
    ) {
        self.status = status
        self.driverName = driverName
        self.failureReason = failureReason
    }

    /// A verdict without a name.
    ///
    /// Empty texts as default arguments would be made at the call, where their capacity is not
    /// known; here they are a store of zeros.
    public init(status: NTStatus = .success) {
        self.init(
            status: status, driverName: DriverName(), failureReason: FailureReason())
    }

    public init(decoding bytes: Span<UInt8>) throws(WireError) {
        try Self.require(Self.size, of: bytes)
        status = NTStatus(rawValue: bytes.uint32(at: 0))
        driverName = try Self.text(bytes, lengthField: "FailingDriverNameLen", at: 4)
        failureReason = try Self.text(bytes, lengthField: "FailureReasonLen", at: 70)
    }

    public func write(to image: inout WireImage, at offset: Int) throws(WireError) {
        image.store(littleEndian: status.rawValue, at: offset)
        image.store(littleEndian: driverName.length, at: offset + 4)
        image.store(driverName, at: offset + 6)
        image.store(littleEndian: failureReason.length, at: offset + 70)
        image.store(failureReason, at: offset + 72)
    }
}
