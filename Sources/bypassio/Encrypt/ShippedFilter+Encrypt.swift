import Encryption
import HostFileSystem
import IOStack
import LinuxKit
import SystemPackage

extension ShippedFilter {
    static let encryptKeys = [
        (name: "passfile", meaning: "a file whose first line is the passphrase (docs/encrypt.md)"),
        (name: "extpass", meaning: "or a program, and its arguments, that prints it"),
        (name: "conf", meaning: "the file with the encrypted key (gocryptfs.conf in SOURCE)"),
        (
            name: "plain",
            meaning: "what happens to files that are not encrypted: bypass, they are left alone, "
                + "or refuse, with EIO (bypass)"
        ),
    ]

    /// - Parameter volume: nil for a filter that is attached nowhere.
    static func encrypt(
        _ values: [(key: String, value: String)], on volume: Volume?, isSuccessor: Bool
    ) throws -> LoadableFilter {
        var passfile: String?
        var extpass: String?
        var conf: String?
        var plain = EncryptFilter.PlainFiles.bypass
        for (key, value) in values {
            switch key {
            case "passfile": passfile = value
            case "extpass": extpass = value
            case "conf": conf = value
            default:
                guard let chosen = EncryptFilter.PlainFiles(rawValue: value) else {
                    throw CommandError(.usage, "plain=\(value): write bypass or refuse.")
                }
                plain = chosen
            }
        }
        let source = try PassphraseSource(
            passfile: passfile, extpass: extpass,
            wanting: "encrypt wants a passphrase: encrypt,passfile=FILE, or "
                + "encrypt,extpass=COMMAND.")
        guard let volume else {
            return LoadableFilter(registration: EncryptFilter(MasterKey()).registration)
        }
        let file = try ConfigurationFile(conf, of: volume)
        let configuration = try file.read()
        let passphrase = try source.passphrase()
        // From here on this process has a key.
        KeyHardening.begin()
        do throws(EncryptionError) {
            let filter = EncryptFilter(
                try configuration.masterKey(passphrase), plainFiles: plain,
                keptName: conf == nil ? file.path.lastComponent : nil,
                succeedsAnother: isSuccessor)
            return LoadableFilter(registration: filter.registration)
        } catch {
            throw file.fault(error)
        }
    }
}

/// The file of a directory that has its encrypted key.
struct ConfigurationFile {
    let path: FilePath

    init(_ path: FilePath) { self.path = path }

    /// - Parameter name: nil for the usual one of the volume's directory.
    init(_ name: String?, of volume: Volume) throws {
        if let name {
            self.init(ArgumentPath.path(name))
            return
        }
        guard let directory = (volume.fileSystem as? HostFileSystem)?.directory else {
            throw CommandError(.usage, "encrypt wants conf=FILE on this volume.")
        }
        self.init(directory.appending(CryptConfiguration.fileName))
    }

    /// Throws a ``CommandError``.
    func read() throws -> CryptConfiguration {
        let bytes: [UInt8]
        do throws(Errno) {
            bytes = try KernelFile.bytes(of: path, limit: CryptConfiguration.largest + 1)
        } catch {
            throw CommandError(
                .noInput,
                "encrypt cannot read \(path) (\(error)): make it by bypassio init-encrypt, or name "
                    + "it by conf=FILE.")
        }
        guard bytes.count <= CryptConfiguration.largest else {
            throw fault(.notAConfiguration("it has more than 64 KiB"))
        }
        do throws(EncryptionError) {
            return try CryptConfiguration(bytes)
        } catch {
            throw fault(error)
        }
    }

    func fault(_ error: EncryptionError) -> CommandError {
        switch error {
        case .wrongPassphrase: CommandError(.notPermitted, "encrypt cannot open \(path): \(error).")
        default: CommandError(.malformed, "encrypt cannot use \(path): \(error).")
        }
    }
}
