internal import Glibc
internal import IOStack
internal import LinuxKit
internal import SystemPackage

/// The ownership of files made on behalf of a user.
extension HostFileSystem {
    private static let inheritsGroup: UInt16 = 0o2000
    private static let privilegeBits: UInt16 = 0o6000

    /// Gives a file to its user that this process, running as root, made because the host could not
    /// make it as that user. The file's group is the user's, or the directory's if that has the
    /// set-group-ID bit (inode(7)).
    ///
    /// Until then the file belongs to root, which is stricter. File systems without owners refuse;
    /// there the file stays as it is.
    func giveAway(
        _ opened: OpenedFile, _ parameters: CreateParameters, to requestor: Requestor,
        from base: FileDescriptor
    ) {
        guard opened.wasCreated, requestor.mode == .user, geteuid() == 0,
            let file = opened.context as? HostOpenFile
        else { return }
        // The kernel has done it already, set-group-ID directories included.
        guard requestor.userID != geteuid() || requestor.groupID != getegid() else { return }
        let isInherited = parentHasGroupBit(parameters, from: base)
        try? file.withDescriptor { (descriptor) throws(Errno) in
            let status = try SystemCall.status(of: descriptor)
            let group = isInherited ? status.group : requestor.groupID
            guard status.user != requestor.userID || status.group != group else { return }
            try SystemCall.changeOwner(of: descriptor, user: requestor.userID, group: group)
            // A change of a file's owner clears these bits.
            guard status.mode & Self.privilegeBits != 0, file.kind == .regular else { return }
            try SystemCall.changeMode(of: descriptor, to: UInt32(status.mode) & 0o7777)
        }
    }

    private func parentHasGroupBit(
        _ parameters: CreateParameters, from base: FileDescriptor
    ) -> Bool {
        let isUnnamed = parameters.options.contains(.temporary)
        let folder = isUnnamed ? parameters.path : Self.split(parameters.path).directory
        do throws(Errno) {
            let parent = try open(folder, from: base, [.pathOnly, .directory])
            let status = try SystemCall.status(of: parent.descriptor)
            return status.mode & Self.inheritsGroup != 0
        } catch {
            return false
        }
    }
}
