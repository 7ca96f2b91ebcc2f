import FUSE
import HostFileSystem
import LinuxKit
import SystemPackage

/// The mount that a killed service left behind.
enum DeadMount {
    /// Unmounts it if its type shows that it is ours. Files that the kernel reads itself stay open.
    static func remove(at mountPoint: String, subtype: String) -> Bool {
        let place = ArgumentPath.mountPoint(mountPoint)
        guard let table = try? MountTable(),
            let entry = table.entries.last(where: { $0.mountPoint == place }),
            entry.fileSystemType == "fuse.\(subtype)"
        else { return false }
        return (try? Unmounting.unmount(place, force: false, lazy: true)) != nil
    }
}
