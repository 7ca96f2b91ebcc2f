internal import LinuxKit
internal import SystemPackage

/// The end of the file system that programs read through: that of its superblock, not of the mount
/// alone, since files stay open after a lazy unmount. It is neither held nor kept from ending.
///
/// The service makes the watch once it has mounted: whoever looks later may find the mount gone,
/// and what lies below it in its place. One thread.
struct MountEnd {
    private let watch: HeldNumber?
    /// Of the file system, where the machine gives no watch: then the end counts as come when it is
    /// mounted nowhere any more.
    private let device: DeviceNumber?
    private(set) var hasCome: Bool

    /// Nothing is known of it so far.
    init() {
        (watch, device, hasCome) = (nil, nil, false)
    }

    init(watch: HeldNumber) {
        (self.watch, device, hasCome) = (watch, nil, false)
    }

    /// - Parameter mountPoint: an absolute path without links.
    init(of mountPoint: FilePath) {
        watch = nil
        device = (try? MountTable())?.top(at: mountPoint)?.device
        hasCome = device == nil
    }

    var descriptor: FileDescriptor? { watch?.descriptor }

    mutating func look() {
        if let watch {
            hasCome = hasCome || SystemCall.hasEnded(watch.descriptor)
        } else if let device, let table = try? MountTable() {
            hasCome = hasCome || !table.entries.contains { $0.device == device }
        }
    }
}

/// A descriptor that is closed with the last use of it.
final class HeldNumber: Sendable {
    private let file: OwnedDescriptor
    init(_ file: consuming OwnedDescriptor) { self.file = file }
    var descriptor: FileDescriptor { file.descriptor }
}
