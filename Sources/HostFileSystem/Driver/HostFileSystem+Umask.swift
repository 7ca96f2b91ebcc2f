internal import IOStack
internal import LinuxKit
internal import SystemPackage

/// Applies the requestor's umask.
extension HostFileSystem {
    private static let defaultACL = Array("system.posix_acl_default".utf8)

    /// Takes the umask's bits off the mode of the file to be made, unless the directory has a
    /// default ACL, which then decides what is granted (acl(5)).
    func applyUmask(
        to parameters: inout CreateParameters, from base: FileDescriptor
    ) throws(Errno) {
        guard parameters.disposition.mayCreate, parameters.mode & parameters.umask & 0o777 != 0
        else { return }
        if case .symbolicLink = parameters.kind { return }
        if try hasDefaultACL(directory(of: parameters), from: base) { return }
        parameters.mode &= ~(parameters.umask & 0o777)
    }

    private func directory(of parameters: CreateParameters) -> FilePath {
        parameters.options.contains(.temporary)
            ? parameters.path : Self.split(parameters.path).directory
    }

    private func hasDefaultACL(
        _ directory: FilePath, from base: FileDescriptor
    ) throws(Errno) -> Bool {
        // Usually the directory is open already.
        if directory.isEmpty || directory == "." { return Self.hasDefaultACL(base) }
        let place = try open(directory, from: base, [.pathOnly, .directory])
        return Self.hasDefaultACL(place.descriptor)
    }

    private static func hasDefaultACL(_ directory: FileDescriptor) -> Bool {
        // Without ENODATA or EOPNOTSUPP there is an ACL.
        (try? SystemCall.extendedAttribute(defaultACL, of: directory)) != nil
    }
}
