/// Why a directory of encrypted files cannot be opened. Each ends a sentence.
public enum EncryptionError: Error, Equatable, CustomStringConvertible {
    case notAConfiguration(String)
    /// Files of another variant of the format.
    case unsupported(String)
    case wrongPassphrase
    case noRandomBytes

    public var description: String {
        switch self {
        case .notAConfiguration(let fault): "it is no configuration of gocryptfs: \(fault)"
        case .unsupported(let what): what
        case .wrongPassphrase: "the passphrase is wrong, or the key in it is damaged"
        case .noRandomBytes: "the kernel gives no random bytes"
        }
    }
}
