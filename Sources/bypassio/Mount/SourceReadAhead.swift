import Foundation
import LinuxKit
import SystemPackage

/// How far the kernel reads ahead in the file system that a mount shows.
enum SourceReadAhead {
    /// In KiB; nil where sysfs has no value, as for file systems of several devices.
    static func amount(of path: FilePath) -> UInt32? {
        var status = stat()
        guard unsafe path.withPlatformString({ unsafe stat($0, &status) }) == 0 else { return nil }
        // Splits a dev_t as the C library does (sys/sysmacros.h).
        let device = UInt64(status.st_dev)
        let major = (device >> 8) & 0xFFF | (device >> 32) & ~0xFFF
        let minor = device & 0xFF | (device >> 12) & ~0xFF
        let place = "/sys/class/bdi/\(major):\(minor)/read_ahead_kb"
        guard let text = KernelFile.text(place) else { return nil }
        return UInt32(text.trimmingCharacters(in: .whitespacesAndNewlines))
    }
}
