import BypassIOLab
import CKernelABI
import Foundation
import IOStack
import SystemPackage

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
