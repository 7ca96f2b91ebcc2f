internal import Glibc
package import SystemPackage

// Names are bytes. These conversions lose none, whatever the encoding.
extension FilePath {
    /// A path of these bytes; a NUL byte ends it.
    package init(bytes: some Sequence<UInt8>) {
        self.init(bytes: Array(bytes))
    }

    /// The same without a generic call for each byte, because every name that a program asks for
    /// passes here.
    package init(bytes: [UInt8]) {
        let text = bytes + CollectionOfOne(0)
        self = unsafe text.withUnsafeBytes { text in
            let characters = unsafe text.assumingMemoryBound(to: CChar.self)
            guard let start = characters.baseAddress else { return FilePath() }
            return unsafe FilePath(platformString: start)
        }
    }

    /// The path's bytes without the closing NUL.
    package var bytes: [UInt8] {
        unsafe withPlatformString { start in
            let text = unsafe UnsafeRawBufferPointer(start: start, count: strlen(start))
            return unsafe Array(text)
        }
    }
}
