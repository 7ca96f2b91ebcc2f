import ArgumentParser
import Encryption
import Foundation
import LinuxKit
import SystemPackage
import Terminal

/// `bypassio init-encrypt`: the key of a directory, for the filter `encrypt`.
struct InitEncryptCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init-encrypt",
        abstract: "Make the key of a directory whose files the filter encrypt will encrypt.",
        discussion: """
            Writes DIR/gocryptfs.conf: a new key, encrypted with the passphrase, as gocryptfs -init \
            -plaintextnames does. Files that are in DIR already stay as they are. Whoever loses \
            the file or the passphrase loses the files.

            Exit codes: 0 made, 64 usage, 66 no such directory, or no passphrase, 69 extpass \
            failed, 70 internal error, 73 the file is there already or cannot be written.
            """)

    @Option(
        help: ArgumentHelp("A file whose first line is the passphrase.", valueName: "file"),
        completion: .file())
    var passfile: String?

    @Option(
        help: ArgumentHelp(
            "A program, and its arguments, that prints the passphrase.", valueName: "command"))
    var extpass: String?

    @Option(
        help: ArgumentHelp(
            "How costly it is to try a passphrase, 10 to 20: 2 to its power of KiB.",
            valueName: "number"))
    var scryptn = 16

    @Option(
        help: ArgumentHelp(
            "The file to write, instead of DIR/gocryptfs.conf.", valueName: "file"),
        completion: .file())
    var conf: String?

    @Argument(help: ArgumentHelp("The directory.", valueName: "dir"), completion: .directory)
    var directory: String

    func run() throws {
        try reportingErrors {
            guard CryptConfiguration.Cost.range.contains(scryptn) else {
                throw CommandError(
                    .usage, "--scryptn \(scryptn): name a number from 10 to 20.")
            }
            let source = try PassphraseSource(
                passfile: passfile, extpass: extpass,
                wanting: "A key wants a passphrase: --passfile FILE, or --extpass COMMAND.")
            let folder = ArgumentPath.path(directory)
            guard (try? SystemCall.realPath(folder)) != nil else {
                throw CommandError(.noInput, "There is no directory \(directory).")
            }
            let place =
                conf.map { ArgumentPath.path($0) }
                ?? folder.appending(CryptConfiguration.fileName)
            let passphrase = try source.passphrase()
            KeyHardening.begin()
            try write(try new(passphrase), to: place)
            StandardOutput.print("\(place) is made: keep it, and the passphrase.".onOneLine)
        }
    }

    private func new(_ passphrase: Secret) throws -> [UInt8] {
        do throws(EncryptionError) {
            return try CryptConfiguration(
                for: MasterKey(), passphrase: passphrase,
                cost: CryptConfiguration.Cost(logN: scryptn),
                creator: "bypassio \(BypassioCommand.configuration.version)"
            ).bytes
        } catch {
            throw CommandError(.internalError, "No key can be made: \(error).")
        }
    }

    /// A key that half lies on the disk is lost, so it is there as a whole or not at all.
    private func write(_ bytes: [UInt8], to place: FilePath) throws {
        do {
            let file = try FileDescriptor.open(
                place, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec],
                permissions: .ownerRead)
            do {
                try file.closeAfter {
                    _ = try file.writeAll(bytes)
                    try SystemCall.sync(file)
                }
            } catch {
                try? FileManager.default.removeItem(atPath: place.string)
                throw error
            }
        } catch let error as Errno {
            throw CommandError(
                .cannotCreate,
                error == .fileExists
                    ? "\(place) is there already: its files would be lost with it."
                    : "\(place) cannot be written (\(error)).")
        }
    }
}
