internal import BypassIOProtocol
internal import CKernelABI
public import IOStack
internal import LinuxKit
internal import SystemPackage

/// The flags that lsattr(1) shows and chattr(1) changes.
extension HostFileSystem {
    public func flags(
        of file: FileObject, _ form: FileFlags.Form
    ) throws(IOFailure) -> FileFlags {
        try openFile(file).withDescriptor { (descriptor) throws(Errno) in
            switch form {
            case .inode: .inode(try SystemCall.inodeFlags(of: descriptor).rawValue)
            case .extended:
                .extended(ExtendedFileFlags(try SystemCall.extendedAttributes(of: descriptor)))
            case .generation: .generation(try SystemCall.inodeGeneration(of: descriptor))
            }
        }
    }

    /// ``NTStatus/notSupported`` for flags that cannot be set.
    func changeFlags(of open: HostOpenFile, to flags: FileFlags) throws(IOFailure) {
        if case .generation = flags { throw IOFailure(.notSupported) }
        try open.withDescriptor { (descriptor) throws(Errno) in
            switch flags {
            case .inode(let bits):
                try SystemCall.setInodeFlags(of: descriptor, to: InodeFlags(rawValue: bits))
            case .extended(let extended):
                try SystemCall.setExtendedAttributes(of: descriptor, to: extended.raw)
            case .generation: break
            }
        }
    }
}

extension ExtendedFileFlags {
    fileprivate init(_ raw: bpio_fsxattr) {
        self.init(
            flags: raw.fsx_xflags, extentSize: raw.fsx_extsize, extentCount: raw.fsx_nextents,
            projectID: raw.fsx_projid, copyOnWriteExtentSize: raw.fsx_cowextsize)
    }

    fileprivate var raw: bpio_fsxattr {
        var raw = bpio_fsxattr()
        raw.fsx_xflags = flags
        raw.fsx_extsize = extentSize
        raw.fsx_nextents = extentCount
        raw.fsx_projid = projectID
        raw.fsx_cowextsize = copyOnWriteExtentSize
        return raw
    }
}
