import Crypto
import CryptoExtras
import FoundationEssentials
import IOStack

/// What stands in `gocryptfs.conf`: the master key, encrypted with a key that scrypt makes of the
/// passphrase.
public struct CryptConfiguration: Sendable {
    /// The name of the file that has it, in the directory of encrypted files.
    public static let fileName = "gocryptfs.conf"
    /// In bytes; those of the program have some hundreds.
    public static let largest = 64 << 10

    /// How costly it is to try a passphrase.
    public struct Cost: Sendable, Equatable {
        /// What the program takes, unless it is told another: N of scrypt is 65,536.
        public static let usual = Cost(logN: 16)
        /// 2 to its power is N of scrypt, and that many KiB of memory.
        public static let range = 10...20

        let logN: Int

        public init(logN: Int) {
            precondition(Self.range.contains(logN))
            self.logN = logN
        }
    }

    private let record: Record

    /// Throws what is wrong with it.
    public init(_ bytes: [UInt8]) throws(EncryptionError) {
        do {
            record = try JSONDecoder().decode(Record.self, from: Data(bytes))
        } catch {
            throw .notAConfiguration("its JSON is not that of one")
        }
        try record.check()
    }

    /// A new one, for a master key.
    public init(
        for key: MasterKey, passphrase: Secret, cost: Cost = .usual, creator: String
    ) throws(EncryptionError) {
        let salt: [UInt8]
        do throws(IOFailure) {
            salt = try RandomBytes.fresh(32)
        } catch {
            throw .noRandomBytes
        }
        let scrypt = Record.Scrypt(
            salt: Data(salt), rounds: 1 << cost.logN, blockSize: 8, parallelism: 1, keyLength: 32)
        let wrapped = try key.wrapped(BlockCipher(scrypt.key(of: passphrase)))
        record = Record(
            creator: creator, encryptedKey: Data(wrapped), scrypt: scrypt, version: 2,
            features: Record.flags)
    }

    /// As a file has it.
    public var bytes: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .withoutEscapingSlashes]
        return ((try? encoder.encode(record)).map { Array($0) } ?? []) + [UInt8(ascii: "\n")]
    }

    /// Takes as long as ``Cost`` says: a tenth of a second at the usual one.
    public func masterKey(_ passphrase: Secret) throws(EncryptionError) -> MasterKey {
        let cipher = BlockCipher(try record.scrypt.key(of: passphrase))
        guard let key = MasterKey(unwrapping: Array(record.encryptedKey), cipher) else {
            throw .wrongPassphrase
        }
        return key
    }
}

/// As in the file.
private struct Record: Codable, Sendable {
    struct Scrypt: Codable, Sendable {
        let salt: Data
        let rounds: Int
        let blockSize: Int
        let parallelism: Int
        let keyLength: Int

        enum CodingKeys: String, CodingKey {
            case salt = "Salt"
            case rounds = "N"
            case blockSize = "R"
            case parallelism = "P"
            case keyLength = "KeyLen"
        }
    }

    let creator: String
    let encryptedKey: Data
    let scrypt: Scrypt
    let version: Int
    let features: [String]

    enum CodingKeys: String, CodingKey {
        case creator = "Creator"
        case encryptedKey = "EncryptedKey"
        case scrypt = "ScryptObject"
        case version = "Version"
        case features = "FeatureFlags"
    }

    static let flags = ["HKDF", "GCMIV128", "PlaintextNames"]

    func check() throws(EncryptionError) {
        guard version == 2 else {
            throw .unsupported("its version is \(version), and 2 is the one that can be read")
        }
        let further = features.filter { !Self.flags.contains($0) }.sorted()
        guard further.isEmpty else {
            throw .unsupported(
                "it has \(further.joined(separator: ", ")), which this filter does not know: it "
                    + "reads directories made by gocryptfs -init -plaintextnames")
        }
        let missing = Self.flags.filter { !features.contains($0) }
        guard missing.isEmpty else {
            throw .unsupported(
                "it lacks \(missing.joined(separator: ", ")): this filter reads directories made "
                    + "by gocryptfs -init -plaintextnames")
        }
        guard encryptedKey.count == MasterKey.length + BlockCipher.overhead else {
            throw .notAConfiguration("its key has \(encryptedKey.count) bytes")
        }
        try scrypt.check()
    }
}

extension Record.Scrypt {
    /// In bytes. What memory a configuration may ask for.
    private static let most = 2 << 30

    func check() throws(EncryptionError) {
        guard rounds >= 1 << 10, rounds.nonzeroBitCount == 1, (8...64).contains(blockSize),
            (1...16).contains(parallelism),
            salt.count >= 32, salt.count <= 1024, keyLength == MasterKey.length,
            rounds <= Self.most / 128 / blockSize / parallelism
        else { throw .notAConfiguration("its parameters of scrypt are out of range") }
    }

    /// The key that the master key is kept under.
    func key(of passphrase: Secret) throws(EncryptionError) -> SymmetricKey {
        do {
            return MasterKey.derived(
                try unsafe passphrase.withBytes {
                    try unsafe KDF.Scrypt.deriveKey(
                        from: $0, salt: salt, outputByteCount: keyLength, rounds: rounds,
                        blockSize: blockSize, parallelism: parallelism)
                })
        } catch {
            throw .notAConfiguration("scrypt refuses its parameters")
        }
    }
}

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
