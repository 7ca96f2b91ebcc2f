/// A message to the kernel, read by byte offsets.
struct ReplyMessage: Equatable, Sendable {
    let bytes: [UInt8]

    var length: UInt32 { u32(0) }
    /// 0, or a positive number of errno(3).
    var errno: Int32 { -Int32(bitPattern: u32(4)) }
    var unique: UInt64 { u64(8) }
    var body: [UInt8] { Array(bytes.dropFirst(16)) }

    func u16(_ offset: Int) -> UInt16 {
        UInt16(bytes[offset]) | UInt16(bytes[offset + 1]) << 8
    }

    func u32(_ offset: Int) -> UInt32 {
        UInt32(u16(offset)) | UInt32(u16(offset + 2)) << 16
    }

    func u64(_ offset: Int) -> UInt64 {
        UInt64(u32(offset)) | UInt64(u32(offset + 4)) << 32
    }

    /// Whether it meets the kernel's demands on every reply (`fuse_dev_do_write`).
    var isAcceptable: Bool {
        bytes.count >= 16 && Int(length) == bytes.count && (0...511).contains(errno)
            && (errno == 0 || bytes.count == 16)
    }
}
