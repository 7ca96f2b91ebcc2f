internal import IOStack
internal import LinuxKit
internal import SystemPackage

/// Finds the files of one file system by their inode numbers alone (open_by_handle_at(2)).
///
/// A handle's content is the file system's own affair. The root's handle is the pattern: its kind
/// shows where number and generation stand. A generation of 0 means any on ext4, f2fs and btrfs;
/// XFS is asked for the right one. The root itself is opened so, as a test that all this holds.
///
/// Needs CAP_DAC_READ_SEARCH, and CAP_SYS_ADMIN on XFS. Any thread.
final class NumberedFiles: Sendable {
    private let directory: OwnedDescriptor
    private let pattern: KernelFileHandle
    private let form: Form

    private enum Form {
        /// FILEID_INO32_GEN: number and generation, four bytes each.
        case short
        /// XFS: eight bytes and four.
        case xfs
        /// FILEID_BTRFS_WITHOUT_PARENT: eight bytes, the subvolume's eight, four.
        case btrfs

        init?(_ handle: KernelFileHandle) {
            switch (handle.type, handle.bytes.count) {
            case (0x01, 8): self = .short
            case (0x81, 12): self = .xfs
            case (0x4D, 20): self = .btrfs
            default: return nil
            }
        }

        var numberSize: Int { self == .short ? 4 : 8 }
        var generation: Range<Int> {
            switch self {
            case .short: 4..<8
            case .xfs: 8..<12
            case .btrfs: 16..<20
            }
        }
    }

    /// nil if files cannot be found so.
    init?(root: FileDescriptor, id: FileID) {
        do throws(Errno) {
            let opened = try SystemCall.reopen(root, [.readOnly, .directory])
            let handle = try SystemCall.handle(of: opened.descriptor)
            guard let form = Form(handle) else { return nil }
            directory = opened
            pattern = handle
            self.form = form
            let found = try open(id.inode)
            guard try FileID(SystemCall.status(of: found.descriptor)) == id else { return nil }
        } catch {
            return nil
        }
    }

    /// Opens a file for names and attributes; a symbolic link is not followed. `ESTALE` if there is
    /// none.
    func open(_ inode: UInt64) throws(Errno) -> OwnedDescriptor {
        guard inode > 0, form.numberSize == 8 || inode <= UInt64(UInt32.max) else {
            throw .staleNFSFileHandle
        }
        var handle = pattern
        store(inode, in: 0..<form.numberSize, of: &handle)
        store(UInt64(try generation(of: inode)), in: form.generation, of: &handle)
        return try SystemCall.open(
            handle, onFileSystemOf: directory.descriptor, [.pathOnly, .noFollow])
    }

    private func generation(of inode: UInt64) throws(Errno) -> UInt32 {
        guard form == .xfs else { return 0 }
        do {
            return try SystemCall.generationOnXFS(
                of: inode, onFileSystemOf: directory.descriptor)
        } catch {
            // No file has this number.
            throw error == .invalidArgument || error == .noSuchFileOrDirectory
                ? .staleNFSFileHandle : error
        }
    }

    private func store(_ value: UInt64, in place: Range<Int>, of handle: inout KernelFileHandle) {
        for (shift, index) in place.enumerated() {
            handle.bytes[index] = UInt8(truncatingIfNeeded: value >> UInt64(shift * 8))
        }
    }
}
