import Encryption
import Foundation
import Testing

/// The file with the encrypted key, beside one that gocryptfs 2.3 made.
struct CryptConfigurationTests {
    /// Made by `gocryptfs -init -plaintextnames -scryptn 10`, with the passphrase "a passphrase".
    static let made = """
        {
            "Creator": "gocryptfs 2.3",
            "EncryptedKey": "XdLvWBTAPFjwILP/F9jqWpPwb6M25M3wh6Y9Z95YIOI4i11ZcwyiBlDzMt0qKot938FiJ4iGWayRPWFNFm/00g==",
            "ScryptObject": {
                "Salt": "4Fo9T0MkPphTBgUBa3Q2eLIfXed8SZKPxQq9dXBU/5M=",
                "N": 1024,
                "R": 8,
                "P": 1,
                "KeyLen": 32
            },
            "Version": 2,
            "FeatureFlags": [
                "HKDF",
                "GCMIV128",
                "PlaintextNames"
            ]
        }
        """

    private static func secret(_ text: String) -> Secret {
        var bytes = Array(text.utf8)
        return Secret(taking: &bytes, count: bytes.count)
    }

    private static func changed(_ old: String, _ new: String) -> [UInt8] {
        let text = made.replacingOccurrences(of: old, with: new)
        precondition(text != made)
        return Array(text.utf8)
    }

    @Test("the passphrase opens a configuration of gocryptfs, and no other passphrase does")
    func passphrase() throws {
        let configuration = try CryptConfiguration(Array(Self.made.utf8))
        _ = try configuration.masterKey(Self.secret("a passphrase"))
        #expect(throws: EncryptionError.wrongPassphrase) {
            _ = try configuration.masterKey(Self.secret("a passphrasf"))
        }
    }

    @Test("one that we make is read again")
    func own() throws {
        let passphrase = Self.secret("mine")
        let made = try CryptConfiguration(
            for: MasterKey(), passphrase: passphrase, cost: .init(logN: 10), creator: "a test")
        let read = try CryptConfiguration(made.bytes)
        _ = try read.masterKey(passphrase)
        #expect(throws: EncryptionError.wrongPassphrase) {
            _ = try read.masterKey(Self.secret("his"))
        }
    }

    @Test("a damaged key is told like a wrong passphrase, and opens nothing")
    func damagedKey() throws {
        let key = try #require(Self.made.firstRange(of: "\"EncryptedKey\": \""))
        var text = Self.made
        let place = key.upperBound
        text.replaceSubrange(
            place...place, with: text[place] == "A" ? "B" : "A")
        let configuration = try CryptConfiguration(Array(text.utf8))
        #expect(throws: EncryptionError.wrongPassphrase) {
            _ = try configuration.masterKey(Self.secret("a passphrase"))
        }
    }

    @Test(
        "what is no configuration, or one of another variant, is refused with the reason",
        arguments: [
            ("", "no JSON", "its JSON"), ("\"N\": 1024", "\"N\": 1000", "out of range"),
            ("\"N\": 1024", "\"N\": 4611686018427387904", "out of range"),
            ("\"N\": 1024", "\"N\": -1024", "out of range"),
            ("\"R\": 8", "\"R\": 1", "out of range"),
            ("\"P\": 1,", "\"P\": 0,", "out of range"),
            ("\"KeyLen\": 32", "\"KeyLen\": 16", "out of range"),
            ("\"Version\": 2", "\"Version\": 3", "version is 3"),
            ("\"PlaintextNames\"", "\"PlaintextNames\", \"AESSIV\"", "AESSIV"),
            ("\"GCMIV128\",", "", "lacks GCMIV128"),
            ("\"EncryptedKey\": \"", "\"EncryptedKey\": \"AAAA", "its key has 67 bytes"),
        ])
    func refused(old: String, new: String, words: String) {
        let bytes = old.isEmpty ? Array(new.utf8) : Self.changed(old, new)
        #expect {
            _ = try CryptConfiguration(bytes)
        } throws: { error in
            "\(error)".contains(words)
        }
    }

    @Test("no description has a secret in it")
    func descriptions() throws {
        let secret = Self.secret("visible")
        var text = ""
        dump(secret, to: &text)
        dump(MasterKey(), to: &text)
        #expect(!text.contains("visible") && !text.contains("key:"))
        #expect("\(secret) \(MasterKey())" == "a secret a key")
    }

    @Test("a secret that is taken leaves zeros behind")
    func wiped() {
        var bytes = Array("visible".utf8)
        let secret = Secret(taking: &bytes, count: 3)
        #expect(secret.count == 3 && bytes == [UInt8](repeating: 0, count: 7))
    }
}
