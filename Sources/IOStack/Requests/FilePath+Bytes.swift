package import SystemPackage

// Names are bytes: these conversions lose none, whatever the encoding.
extension FilePath {
    /// A path of these bytes; a NUL byte ends it.
    package init(bytes: some Sequence<UInt8>) {
        unsafe self.init(platformString: bytes.map { CChar(bitPattern: $0) } + [0])
    }

    /// The path's bytes without the closing NUL.
    package var bytes: [UInt8] {
        unsafe withPlatformString { start in
            var bytes: [UInt8] = []
            var next = unsafe start
            while unsafe next.pointee != 0 {
                bytes.append(UInt8(bitPattern: unsafe next.pointee))
                unsafe next += 1
            }
            return bytes
        }
    }
}
