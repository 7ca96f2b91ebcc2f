import Crypto
import FoundationEssentials
import IOStack

/// The key of a directory of encrypted files. Wiped when the last owner lets go of it.
///
/// Any thread.
public struct MasterKey: Sendable, CustomStringConvertible, CustomReflectable {
    /// In bytes.
    static let length = 32

    private let key: SymmetricKey

    /// A new one, random.
    public init() { key = SymmetricKey(size: .bits256) }

    init(_ key: SymmetricKey) { self.key = key }

    /// The key that blocks of files are encrypted with.
    var content: SymmetricKey { Self.derived(key) }

    /// As the format derives keys for AES-GCM, from the master key and from that of the passphrase.
    static func derived(_ key: SymmetricKey) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(
            inputKeyMaterial: key, info: Array("AES-GCM file content encryption".utf8),
            outputByteCount: length)
    }

    /// As it is kept under the key of a passphrase.
    func wrapped(_ cipher: BlockCipher) throws(EncryptionError) -> [UInt8] {
        var bytes = unsafe key.withUnsafeBytes { unsafe Array($0) }
        bytes += [UInt8](repeating: 0, count: BlockCipher.overhead)
        defer { Secret.wipe(&bytes) }
        do throws(IOFailure) {
            var span = bytes.mutableSpan
            try cipher.seal(&span, 0, file: [])
        } catch {
            throw .noRandomBytes
        }
        return Array(bytes)
    }

    /// nil where the cipher has not the key that it was wrapped with.
    init?(unwrapping wrapped: [UInt8], _ cipher: BlockCipher) {
        guard wrapped.count == Self.length + BlockCipher.overhead else { return nil }
        var bytes = wrapped
        defer { Secret.wipe(&bytes) }
        do throws(IOFailure) {
            var span = bytes.mutableSpan
            try cipher.open(&span, 0, file: [])
        } catch {
            return nil
        }
        key = unsafe bytes.withUnsafeBytes { bytes in
            unsafe SymmetricKey(data: UnsafeRawBufferPointer(rebasing: bytes[..<Self.length]))
        }
    }

    public var description: String { "a key" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
