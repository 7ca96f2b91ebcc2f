internal import LinuxKit
internal import SystemPackage

/// A file in the form that a drain of its gate needs.
///
/// Any thread.
final class DrainedFile: Sendable {
    /// No file system has attributes of this kind.
    private static let attribute = Array("bypassio.drain".utf8)

    /// Not the gate's mount, which would report opens made here.
    private let mount: OwnedDescriptor
    let inode: UInt64
    private let partner: DrainPartner?

    /// - Parameters:
    ///   - mount: of the file, not watched by any gate.
    ///   - inode: the file's number.
    init(_ mount: consuming OwnedDescriptor, inode: UInt64, partner: DrainPartner?) {
        self.mount = mount
        self.inode = inode
        self.partner = partner
    }

    /// Waits for reads that hold the file's lock, and for direct I/O that outlives its call.
    func waitForLock() {
        try? partner?.waitForDirectIO(of: mount.descriptor)
        // A reader that waits for the lock behind a writer may be overtaken. It has the lock once
        // the overtaking thread lets go.
        for _ in 0..<2 {
            // Takes the lock, finds no such attribute, and so does not even begin a transaction.
            try? SystemCall.removeExtendedAttribute(Self.attribute, of: mount.descriptor)
        }
    }
}
