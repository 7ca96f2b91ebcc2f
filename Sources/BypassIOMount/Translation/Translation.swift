internal import BypassIOProtocol
public import FUSE
public import IOStack
internal import LinuxKit
internal import SystemPackage

extension NodeAttributes {
    /// - Parameter inode: the st_ino for programs.
    init(_ information: FileInformation, inode: UInt64) {
        self.init(
            inode: inode, size: information.size, blocks: information.allocatedSize / 512,
            accessTime: Timestamp(information.accessTime),
            modificationTime: Timestamp(information.modificationTime),
            changeTime: Timestamp(information.changeTime),
            mode: information.kind.typeBits | information.permissions,
            linkCount: UInt32(clamping: information.linkCount), userID: information.userID,
            groupID: information.groupID, device: DeviceCode(host: information.deviceNumber),
            blockSize: information.preferredIOSize)
    }
}

extension Timestamp {
    init(_ time: FileTime) {
        self.init(seconds: time.seconds, nanoseconds: time.nanoseconds)
    }
}

extension FileTime {
    init(_ time: Timestamp) {
        self.init(seconds: time.seconds, nanoseconds: time.nanoseconds)
    }
}

extension FileKind {
    /// The type bits of `st_mode` (inode(7)).
    var typeBits: UInt32 {
        switch self {
        case .fifo: 0o010000
        case .characterDevice: 0o020000
        case .directory: 0o040000
        case .blockDevice: 0o060000
        case .regularFile: 0o100000
        case .symbolicLink: 0o120000
        case .socket: 0o140000
        }
    }
}

extension DeviceCode {
    /// From a `dev_t` of Linux' C library (makedev(3)).
    init(host device: UInt64) {
        self.init(
            major: UInt32(truncatingIfNeeded: (device >> 32 & ~0xFFF) | (device >> 8 & 0xFFF)),
            minor: UInt32(truncatingIfNeeded: (device >> 12 & 0xFFFF_FF00) | (device & 0xFF)))
    }

    var host: UInt64 {
        let (major, minor) = (UInt64(major), UInt64(minor))
        return (major & 0xFFFF_F000) << 32 | (major & 0xFFF) << 8
            | (minor & 0xFFFF_FF00) << 12 | (minor & 0xFF)
    }
}

extension CreateParameters {
    /// Takes over open(2)'s flags for access and handling.
    mutating func apply(_ flags: OpenFlags) {
        access = []
        if flags.mayRead { access.insert(.read) }
        if flags.mayWrite { access.insert(.write) }
        if flags.isDirect { options.insert(.nonCached) }
        if flags.appends { options.insert(.append) }
        if flags.isSynchronous { options.insert(.writeThrough) }
        if flags.leavesAccessTime { options.insert(.noAccessTime) }
    }
}

extension FilePath.Component {
    /// A name from the kernel: no slash, no NUL, neither "." nor "..".
    init(name: [UInt8]) throws(IOFailure) {
        guard let component = FilePath(bytes: name).lastComponent, component.kind == .regular
        else { throw IOFailure(.objectNameInvalid) }
        self = component
    }
}

/// The storage and the kernel's messages share this buffer, so data is not copied between them.
extension TransferBuffer: IOBuffer {}
