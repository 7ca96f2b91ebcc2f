public import IOStack
internal import LinuxKit
internal import SystemPackage

/// IRP_MJ_FLUSH_BUFFERS and IRP_MJ_QUERY_VOLUME_INFORMATION.
extension HostFileSystem {
    /// fsync(2) or fdatasync(2); `EBADF` for a handle without data.
    public func flush(_ file: FileObject, dataOnly: Bool) throws(IOFailure) {
        // btrfs takes data out of the inode at the write-back.
        defer { if file.stream.suspensions.contains(.resident) { reviewSuspensions(of: file) } }
        try openFile(file).withDescriptor { (descriptor) throws(Errno) in
            if dataOnly {
                try SystemCall.syncData(descriptor)
            } else {
                try SystemCall.sync(descriptor)
            }
        }
    }

    /// In units of its fragment size.
    public func volumeInformation(of file: FileObject) throws(IOFailure) -> VolumeInformation {
        try openFile(file).withDescriptor { (descriptor) throws(Errno) in
            let status = try SystemCall.fileSystemStatus(of: descriptor)
            return VolumeInformation(
                blockSize: status.fragmentSize, totalBlocks: status.blocks,
                freeBlocks: status.freeBlocks, availableBlocks: status.availableBlocks,
                totalFiles: status.files, freeFiles: status.freeFiles,
                maximumNameLength: UInt32(clamping: status.nameLength),
                hasMadeUpSizes: FileSystemMagic.hasMadeUpSizes(status.magic))
        }
    }
}
