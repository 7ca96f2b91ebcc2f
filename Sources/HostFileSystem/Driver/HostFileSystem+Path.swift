import BypassIOProtocol
public import IOStack
internal import LinuxKit
import SystemPackage

extension HostFileSystem {
    /// The kernel's path (/proc/self/fd), also after renames past the volume. A file that was moved
    /// out of the root has no name here.
    public func path(of file: FileObject) throws(IOFailure) -> String {
        let open = try openFile(file)
        return try open.withDescriptor { (descriptor) throws(Errno) in
            let top = try Self.place(of: root)
            let place = try Self.place(of: descriptor)
            if place == top { return "" }
            let prefix = top == "/" ? top : top + "/"
            guard place.hasPrefix(prefix) else { throw .noSuchFileOrDirectory }
            let path = String(place.dropFirst(prefix.count))
            // The kernel appends this to the path of a deleted file, but a name may also end so.
            guard path.hasSuffix(" (deleted)") else { return path }
            let named = try SystemCall.status(of: FilePath(path), at: root, followingLinks: false)
            let status = try SystemCall.status(of: descriptor)
            guard named.inode == status.inode, named.device == status.device else {
                throw .noSuchFileOrDirectory
            }
            return path
        }
    }

    private static func place(of descriptor: FileDescriptor) throws(Errno) -> String {
        let link = FilePath("/proc/self/fd/\(descriptor.rawValue)")
        return String(decoding: try SystemCall.readLink(link), as: UTF8.self)
    }
}
