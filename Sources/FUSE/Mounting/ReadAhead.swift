internal import LinuxKit
internal import SystemPackage

/// How far the kernel reads ahead: INIT cannot raise it over 128 KiB, sysfs can.
enum ReadAhead {
    /// Sets it for a mounted file system, in KiB. Where that cannot be (another user than root, a
    /// container without sysfs), it stays as it was.
    static func set(_ amount: UInt32, ofDevice device: DeviceNumber) {
        KernelFile.write("\(amount)\n", to: FilePath("/sys/class/bdi/\(device)/read_ahead_kb"))
    }
}
