internal import SystemPackage

extension FilePath {
    /// A path of these bytes, whatever the encoding; a NUL byte ends it.
    init(bytes: [UInt8]) {
        let text = bytes + CollectionOfOne(0)
        self = unsafe text.withUnsafeBytes { text in
            let characters = unsafe text.assumingMemoryBound(to: CChar.self)
            guard let start = characters.baseAddress else { return FilePath() }
            return unsafe FilePath(platformString: start)
        }
    }
}
