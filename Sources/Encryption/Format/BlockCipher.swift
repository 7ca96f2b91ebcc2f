import BypassIOProtocol
import Crypto
import FoundationEssentials
import IOStack

/// Encrypts and decrypts blocks with AES-256-GCM: nonce, ciphertext, tag. Authenticated with each
/// block are its number and the file's, so that no block stands for another.
///
/// Any thread.
struct BlockCipher: Sendable {
    /// In bytes, of the nonce and of the tag each.
    static let part = 16
    static let overhead = 2 * part

    private let key: SymmetricKey
    private let random: RandomBytes

    init(_ key: SymmetricKey) {
        self.key = key
        random = RandomBytes()
    }

    /// Turns the data at the start of `block` into the stored form, which fills it.
    func seal(
        _ block: inout MutableSpan<UInt8>, _ number: UInt64, file: [UInt8]
    ) throws(IOFailure) {
        var bytes = [UInt8](repeating: 0, count: Self.part)
        repeat {
            var span = bytes.mutableSpan
            try random.fill(&span)
        } while bytes.allSatisfy { $0 == 0 }
        let length = block.count - Self.overhead
        guard length > 0 else { throw IOFailure(.dataError) }
        let authenticated = Self.place(number, file)
        let sealed: Void? = unsafe block.withUnsafeMutableBytes { all in
            let all = unsafe all
            let data = unsafe UnsafeRawBufferPointer(rebasing: all[..<length])
            guard let nonce = try? AES.GCM.Nonce(data: bytes),
                let box = unsafe try? AES.GCM.seal(
                    data, using: key, nonce: nonce, authenticating: authenticated)
            else { return nil }
            unsafe UnsafeMutableRawBufferPointer(rebasing: all[..<Self.part]).copyBytes(from: bytes)
            unsafe box.ciphertext.copyBytes(
                to: UnsafeMutableRawBufferPointer(rebasing: all[Self.part..<Self.part + length]))
            unsafe box.tag.copyBytes(
                to: UnsafeMutableRawBufferPointer(rebasing: all[(Self.part + length)...]))
            return ()
        }
        guard sealed != nil else { throw IOFailure(.dataError) }
    }

    /// Turns the stored form back: the data is at the start of `block` then. Throws `.dataError`
    /// for anything but what this key has sealed for this place, which it leaves as it is.
    func open(
        _ block: inout MutableSpan<UInt8>, _ number: UInt64, file: [UInt8]
    ) throws(IOFailure) {
        let end = block.count - Self.part
        guard end > Self.part else { throw IOFailure(.dataError) }
        let authenticated = Self.place(number, file)
        let opened: Void? = unsafe block.withUnsafeMutableBytes { all in
            let all = unsafe all
            let head = unsafe UnsafeRawBufferPointer(rebasing: all[..<Self.part])
            let text = unsafe UnsafeRawBufferPointer(rebasing: all[Self.part..<end])
            let tag = unsafe UnsafeRawBufferPointer(rebasing: all[end...])
            guard let nonce = unsafe try? AES.GCM.Nonce(data: head),
                let box = unsafe try? AES.GCM.SealedBox(nonce: nonce, ciphertext: text, tag: tag),
                let data = try? AES.GCM.open(box, using: key, authenticating: authenticated)
            else { return nil }
            unsafe data.copyBytes(to: UnsafeMutableRawBufferPointer(rebasing: all[..<data.count]))
            return ()
        }
        guard opened != nil else { throw IOFailure(.dataError) }
    }

    private static func place(_ number: UInt64, _ file: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(8 + file.count)
        for shift in stride(from: 56, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: number >> UInt64(shift)))
        }
        return bytes + file
    }
}
