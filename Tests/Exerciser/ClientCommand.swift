import ArgumentParser
import CPosixCalls
import Foundation

/// A client that works until the file system fails it, for tests that kill the service.
struct ClientCommand: ParsableCommand {
    enum Kind: String, ExpressibleByArgument {
        /// Appends numbered records and syncs each to the disk.
        case records
        /// Does the same with O_DIRECT and whole blocks.
        case direct
        /// Opens, reads and closes.
        case read
        /// Reads through a single descriptor, which may work without a service.
        case hold
        /// Makes, renames and removes directories.
        case names
        /// Stores into a mapping and syncs it.
        case map
    }

    static let configuration = CommandConfiguration(
        commandName: "client", abstract: "Works until an error comes.", shouldDisplay: false)

    @Option var kind: Kind
    @Option var directory: String
    @Option var seconds: Int = 60

    /// Prints `acknowledged N` for each record that is on the disk, and at last the error's name.
    func run() throws {
        // A test may have killed another client of this kind here.
        let name = kind == .names ? "\(kind.rawValue) \(getpid())" : kind.rawValue
        let client = Client(path: "\(directory)/\(name)")
        let end = call_clock() + Int64(seconds) * 1_000_000_000
        do {
            try client.prepare(kind)
            var number = 0
            while call_clock() < end {
                try client.step(kind, number)
                number += 1
                Lines.output("acknowledged \(number)")
            }
            Lines.output("no error")
        } catch let finding as Finding {
            Lines.output("error \(finding)")
        }
    }
}

@safe
private final class Client {
    /// The size of a record: a block of the strictest disk.
    static let recordBytes = 4096

    private let path: String
    private var file: Int32 = -1
    private let buffer: AlignedBuffer?
    private var mapping: UnsafeMutableRawPointer?

    init(path: String) {
        self.path = path
        buffer = try? AlignedBuffer(count: Client.recordBytes)
        unsafe mapping = nil
    }

    func prepare(_ kind: ClientCommand.Kind) throws {
        if kind == .names {
            // The directory lies in the mounted file system: once that is unmounted, between two
            // steps, the directory is gone.
            try Finding.check("mkdir", unsafe call_mkdir(path, 0o755))
            return
        }
        let direct = kind == .direct ? call_open_flags.direct : 0
        file = Int32(
            try Finding.check("open", unsafe call_open(path, 0o102 | direct, 0o644)))
        guard kind != .records, kind != .direct else { return }
        try Finding.check("ftruncate", call_ftruncate(file, 1 << 20))
        if kind == .map {
            var address: UnsafeMutableRawPointer?
            try Finding.check("mmap", unsafe call_mmap(1 << 20, 3, 1, file, 0, &address))
            unsafe mapping = address
        }
    }

    func step(_ kind: ClientCommand.Kind, _ number: Int) throws {
        guard let buffer else { throw Finding("no memory") }
        buffer.fill(seed: UInt64(number), count: Client.recordBytes)
        switch kind {
        case .records, .direct:
            let count = try Finding.check(
                "write",
                unsafe call_pwrite(
                    file, buffer.address, Client.recordBytes, Int64(number * Client.recordBytes)))
            guard count == Client.recordBytes else { throw Finding("write: \(count) bytes") }
            try Finding.check("fsync", call_fsync(file))
        case .read:
            let other = Int32(try Finding.check("open", unsafe call_open(path, 0, 0)))
            let place = Int64(number % 256 * 4096)
            try Finding.check("read", unsafe call_pread(other, buffer.address, 4096, place))
            try Finding.check("close", call_close(other))
        case .hold:
            let place = Int64(number % 256 * 4096)
            try Finding.check("read", unsafe call_pread(file, buffer.address, 4096, place))
            try Finding.check("lseek", call_lseek(file, 0, 2))
        case .names:
            let (one, two) = ("\(path)/\(number)", "\(path)/\(number) renamed")
            try Finding.check("mkdir", unsafe call_mkdir(one, 0o755))
            try Finding.check("rename", unsafe call_rename(one, two, 0))
            try Finding.check("rmdir", unsafe call_rmdir(two))
        case .map:
            guard let mapping = unsafe mapping else { throw Finding("no mapping") }
            let place = unsafe mapping + number % 256 * 4096
            let stored = unsafe call_memory_write(place, buffer.address, 4096)
            try Finding.check("store", stored)
            try Finding.check("msync", unsafe call_msync(place, 4096, 4))
            try Finding.check("fsync", call_fsync(file))
        }
    }
}
