internal import FUSE
internal import IOStack
internal import LinuxKit

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
