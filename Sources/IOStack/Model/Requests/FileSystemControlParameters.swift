public import BypassIOProtocol

/// A file-system control: the parameters of IRP_MJ_FILE_SYSTEM_CONTROL, METHOD_BUFFERED.
public struct FileSystemControlParameters: Sendable {
    public var code: ControlCode
    public var input: [UInt8]
    /// In bytes, as the caller offers.
    public var outputLength: Int

    public init(code: ControlCode, input: [UInt8], outputLength: Int) {
        self.code = code
        self.input = input
        self.outputLength = outputLength
    }
}
