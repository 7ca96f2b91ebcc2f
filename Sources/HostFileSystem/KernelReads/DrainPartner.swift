internal import LinuxKit
internal import SystemPackage

/// A nameless file of a volume, by which the host is made to wait for direct reads of other files
/// that are under way.
///
/// Linux has no call that only waits for them. But some calls take two files, wait for the direct
/// I/O of both, and only then find that they have nothing to do. Measured with libaio on Linux
/// 6.18: each returned when the read in flight was done, and changed neither file nor times.
///
/// Any thread.
final class DrainPartner: Sendable {
    private enum Way {
        /// ext4: moves extents from a file that has none.
        case move
        /// xfs with reflinks, btrfs: shares that many bytes, which differ.
        case compare(length: UInt64)
    }

    private let file: OwnedDescriptor
    private let way: Way

    /// - Parameter root: a directory of the volume; O_PATH will do.
    /// - Throws: the host's error for a new file, `EOPNOTSUPP` on other file systems.
    init(in root: FileDescriptor) throws(Errno) {
        let volume = try SystemCall.fileSystemStatus(of: root)
        let file = try SystemCall.open(".", at: root, [.readWrite, .unnamed], mode: 0o600)
        switch volume.magic {
        case FileSystemMagic.ext4:
            way = .move
        case FileSystemMagic.xfs, FileSystemMagic.btrfs:
            let length = max(volume.fragmentSize, 4096)
            var random = SystemRandomNumberGenerator()
            let noise = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            try SystemCall.writeAll(noise, to: file.descriptor, at: 0)
            way = .compare(length: length)
        default: throw .notSupportedOnSocket
        }
        self.file = file
    }

    /// Waits for direct reads and writes of a file that had begun.
    ///
    /// - Parameter target: O_PATH, on a mount that may be written to.
    /// - Throws: the error that kept it from waiting: `EROFS`; on ext4 every error of opening for
    ///   writing, such as `ETXTBSY` for a program that runs; on the others `EINVAL` for a file of
    ///   less than a block, and `EOPNOTSUPP` for xfs without reflinks.
    func waitForDirectIO(of target: FileDescriptor) throws(Errno) {
        switch way {
        case .move:
            let target = try SystemCall.reopen(target, [.readWrite, .nonBlocking])
            try SystemCall.waitForDirectIO(of: target.descriptor, movingFrom: file.descriptor)
        case .compare(let length):
            let target = try SystemCall.reopen(target, [.readOnly, .nonBlocking])
            try SystemCall.waitForDirectIO(
                of: target.descriptor, comparingTo: file.descriptor, length: length)
        }
    }
}
