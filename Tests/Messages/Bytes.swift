extension FixedWidthInteger {
    /// As the kernel and Windows lay it out: the lowest first.
    public var littleEndianBytes: [UInt8] {
        (0..<Self.bitWidth / 8).map { UInt8(truncatingIfNeeded: self >> Self($0 * 8)) }
    }
}

extension [UInt8] {
    /// 32 bits at an offset; 0 behind the end.
    public func word(_ offset: Int) -> UInt32 {
        (0..<4).reduce(0) { number, index in
            let place = offset + index
            return place < count ? number | UInt32(self[place]) << UInt32(index * 8) : number
        }
    }

    /// 64 bits at an offset; 0 behind the end.
    public func long(_ offset: Int) -> UInt64 {
        UInt64(word(offset)) | UInt64(word(offset + 4)) << 32
    }
}
