import BypassIOLab
import CKernelABI
import Foundation
import IOStack
import SystemPackage

/// A descriptor of a file on the mount.
///
/// Any thread may call; a closed handle throws EBADF.
final class MountHandle: Sendable {
    /// The user for steps of a user without rights.
    private static let nobody: UInt32 = 65534

    let path: String?
    let isOrdinaryUser: Bool
    private struct State {
        var descriptor: FileDescriptor?
        var mapping: (start: UInt, length: Int)?
    }
    private let state: Guarded<State>

    init(_ descriptor: FileDescriptor, path: String?, isOrdinaryUser: Bool) {
        self.path = path
        self.isOrdinaryUser = isOrdinaryUser
        state = Guarded(State(descriptor: descriptor))
    }

    /// Runs `body` with the descriptor, as the user that opened it.
    func use<R>(_ body: (FileDescriptor) throws(Errno) -> R) throws(Errno) -> R {
        guard let descriptor = state.withLock({ $0.descriptor }) else {
            throw .badFileDescriptor
        }
        return try Self.asUser(isOrdinaryUser) { () throws(Errno) in try body(descriptor) }
    }

    /// Runs `body` on this thread, as nobody if requested. Needs root.
    static func asUser<R>(
        _ isOrdinaryUser: Bool, _ body: () throws(Errno) -> R
    ) throws(Errno) -> R {
        guard isOrdinaryUser else { return try body() }
        let before = bpio_set_file_system_user(nobody)
        defer { _ = bpio_set_file_system_user(before) }
        return try body()
    }

    /// Neither open nor mapped, so the kernel releases the file.
    var isGone: Bool { state.withLock { $0.descriptor == nil && $0.mapping == nil } }

    /// The first call closes; later calls do nothing. A mapping stays.
    func close() {
        let descriptor = state.withLock { $0.descriptor.take() }
        try? descriptor?.close()
    }

    // MARK: Mappings

    /// Maps the whole file shared and reads its first byte.
    func map() throws(Errno) {
        let (start, length) = try use { descriptor throws(Errno) in
            let length = 4096
            let start = unsafe mmap(nil, length, PROT_READ, MAP_SHARED, descriptor.rawValue, 0)
            guard let start = unsafe start, unsafe start != MAP_FAILED else {
                throw Errno(rawValue: errno)
            }
            _ = unsafe start.load(as: UInt8.self)
            return (UInt(bitPattern: start), length)
        }
        state.withLock { $0.mapping = (start, length) }
    }

    func unmap() {
        let mapping = state.withLock { $0.mapping.take() }
        guard let mapping else { return }
        _ = unsafe munmap(UnsafeMutableRawPointer(bitPattern: mapping.start), mapping.length)
    }
}

/// A temporary folder with the files of a scenario and the mount point of its volume.
struct LabFolder {
    let path: String
    var source: String { "\(path)/source" }
    var mountPoint: String { "\(path)/mount" }

    /// Throws a ``CommandError`` if the folder or a file cannot be made.
    init(_ stage: StageDescription, in parent: String) throws {
        var template = Array("\(parent)/bypassio-lab-XXXXXX".utf8CString)
        guard let made = unsafe mkdtemp(&template) else {
            throw CommandError(
                .cannotCreate, "No folder can be made in \(parent): name another with --folder.")
        }
        path = unsafe String(cString: made)
        do {
            let manager = FileManager.default
            // The users of scenarios have to enter.
            _ = unsafe chmod(path, 0o755)
            for folder in [source, mountPoint] + stage.directories.map({ "\(source)/\($0)" }) {
                try manager.createDirectory(
                    atPath: folder, withIntermediateDirectories: false,
                    attributes: [.posixPermissions: 0o755])
            }
            for file in stage.files { try make(file) }
        } catch {
            remove()
            throw error
        }
    }

    private func make(_ description: FileDescription) throws {
        let place = FilePath("\(source)/\(description.path)")
        do {
            let file = try FileDescriptor.open(
                place, .readWrite, options: [.create, .closeOnExec],
                permissions: [.ownerReadWrite, .groupRead, .otherRead])
            try file.closeAfter {
                if description.attributes.contains(.sparse) {
                    try file.resize(to: Int64(description.size))
                } else {
                    _ = try file.writeAll(FileContents.initial(description))
                }
                // Data that was never written back has no place on the disk yet.
                fsync(file.rawValue)
                if description.attributes.contains(.compressed) { try compress(file) }
            }
        } catch let error as CommandError {
            throw error
        } catch {
            throw CommandError(.cannotCreate, "\(place) cannot be made (\(error)).")
        }
    }

    private func compress(_ file: FileDescriptor) throws {
        var flags: UInt32 = 0
        guard unsafe bpio_get_inode_flags(file.rawValue, &flags) == 0,
            bpio_set_inode_flags(file.rawValue, flags | BPIO_FS_COMPR_FL) == 0
        else {
            throw CommandError(
                .cannotCreate,
                "Files in \(path) cannot be marked compressed: name another with --folder.")
        }
    }

    func remove() {
        // Stays on this file system: never removes through a mount that is still there.
        _ = unsafe rmdir(mountPoint)
        guard !FileManager.default.fileExists(atPath: mountPoint) else { return }
        try? FileManager.default.removeItem(atPath: path)
    }
}
