internal import LinuxKit
internal import SystemPackage

/// The end of a file system that is mounted somewhere: that of its superblock, not of the mount
/// alone, since files stay open after a lazy unmount. It is neither held nor kept from ending.
///
/// One thread.
struct MountEnd {
    private final class Watch {
        let file: OwnedDescriptor
        init(_ file: consuming OwnedDescriptor) { self.file = file }
        var descriptor: FileDescriptor { file.descriptor }
    }

    private let watch: Watch?
    /// Of the file system, where the machine gives no watch: then the end counts as come when it is
    /// mounted nowhere any more.
    private let device: DeviceNumber?
    private(set) var hasCome: Bool

    /// - Parameters:
    ///   - mountPoint: an absolute path without links.
    ///   - slot: a number that stays free.
    init(of mountPoint: FilePath, above slot: Int32) {
        watch = Self.watch(mountPoint, above: slot)
        device = watch == nil ? Self.device(at: mountPoint) : nil
        hasCome = watch == nil && device == nil
    }

    var descriptor: FileDescriptor? { watch?.descriptor }

    mutating func look() {
        if let watch {
            hasCome = hasCome || SystemCall.hasEnded(watch.descriptor)
        } else if let device, let table = try? MountTable() {
            hasCome = hasCome || !table.entries.contains { $0.device == device }
        }
    }

    private static func watch(_ path: FilePath, above slot: Int32) -> Watch? {
        do throws(Errno) {
            let watch = try SystemCall.watchEnd(of: path)
            return Watch(try SystemCall.duplicate(watch.descriptor, from: slot + 1))
        } catch {
            return nil
        }
    }

    private static func device(at path: FilePath) -> DeviceNumber? {
        (try? MountTable())?.entries.last { $0.mountPoint == path }?.device
    }
}
