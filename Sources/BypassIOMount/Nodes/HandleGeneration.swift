internal import FUSE
internal import IOStack
internal import LinuxKit
internal import SystemPackage

/// The second half of a file's handle, beside its number. It depends on the time the file was made,
/// which distinguishes the file from earlier ones with the same number, and on a secret of this
/// machine. Without the secret a client that has a file's number (an NFS client, say) cannot forge
/// a handle.
///
/// The secret comes from /etc/machine-id, so that handles outlive the service. Without that file
/// the secret is random, and handles end with the service.
struct HandleGeneration: Sendable {
    private let key: (UInt64, UInt64)

    init() {
        self.init(secret: Self.machineID)
    }

    init(secret: [UInt8]?) {
        guard let secret, secret.count >= 32, let first = Self.word(secret[..<16]),
            let second = Self.word(secret[16..<32])
        else {
            key = (.random(in: .min ... .max), .random(in: .min ... .max))
            return
        }
        key = (first, second)
    }

    private static func word(_ digits: ArraySlice<UInt8>) -> UInt64? {
        UInt64(String(decoding: digits, as: UTF8.self), radix: 16)
    }

    private static var machineID: [UInt8]? { try? KernelFile.bytes(of: "/etc/machine-id") }

    /// Never 0, which some clients take for any generation.
    func callAsFunction(_ information: FileInformation) -> UInt32 {
        let time = information.birthTime
        let hash = SipHash(key).hash(
            information.id.inode, UInt64(bitPattern: time?.seconds ?? 0),
            UInt64(time?.nanoseconds ?? 0))
        return max(1, UInt32(truncatingIfNeeded: hash ^ hash >> 32))
    }
}

/// SipHash-2-4 (Aumasson, Bernstein) of three words.
struct SipHash {
    private var state: (UInt64, UInt64, UInt64, UInt64)

    init(_ key: (UInt64, UInt64)) {
        state = (
            key.0 ^ 0x736F_6D65_7073_6575, key.1 ^ 0x646F_7261_6E64_6F6D,
            key.0 ^ 0x6C79_6765_6E65_7261, key.1 ^ 0x7465_6462_7974_6573
        )
    }

    func hash(_ first: UInt64, _ second: UInt64, _ third: UInt64) -> UInt64 {
        var copy = self
        copy.take(first)
        copy.take(second)
        copy.take(third)
        // The last word has the length in bytes.
        copy.take(24 << 56)
        copy.state.2 ^= 0xFF
        for _ in 0..<4 { copy.round() }
        return copy.state.0 ^ copy.state.1 ^ copy.state.2 ^ copy.state.3
    }

    private mutating func take(_ word: UInt64) {
        state.3 ^= word
        round()
        round()
        state.0 ^= word
    }

    private mutating func round() {
        state.0 &+= state.1
        state.1 = Self.rotated(state.1, 13) ^ state.0
        state.0 = Self.rotated(state.0, 32)
        state.2 &+= state.3
        state.3 = Self.rotated(state.3, 16) ^ state.2
        state.0 &+= state.3
        state.3 = Self.rotated(state.3, 21) ^ state.0
        state.2 &+= state.1
        state.1 = Self.rotated(state.1, 17) ^ state.2
        state.2 = Self.rotated(state.2, 32)
    }

    private static func rotated(_ word: UInt64, _ by: UInt64) -> UInt64 {
        word << by | word >> (64 - by)
    }
}
