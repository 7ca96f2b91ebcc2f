internal import CKernelABI
internal import LinuxKit
internal import SystemPackage

/// One descriptor of /dev/fuse; closed when it goes away.
@safe
struct FUSEDevice: ~Copyable, Sendable {
    private let owned: OwnedDescriptor

    var descriptor: Int32 { owned.descriptor.rawValue }

    init(owning descriptor: Int32) {
        owned = OwnedDescriptor(owning: FileDescriptor(rawValue: descriptor))
    }

    /// open(2): `ENOENT` or `ENODEV` without FUSE in the kernel, `EACCES`, `EPERM`.
    static func open() throws(Errno) -> FUSEDevice {
        FUSEDevice(owning: try checked(bpio_fuse_open()))
    }

    /// `st_dev` of the connection's files, wherever they are mounted; nil where the kernel does not
    /// tell (fuse_dev_show_fdinfo). It tells a dev_t as it has it: a minor number of 20 bits.
    var mountedDevice: DeviceNumber? {
        let name = "fuse_connection:"
        let lines = KernelFile.text("/proc/self/fdinfo/\(descriptor)")?.split(separator: "\n")
        let number = lines?.first { $0.hasPrefix(name) }?.dropFirst(name.count)
        return number.flatMap { UInt32($0.filter { !$0.isWhitespace }) }
            .map { DeviceNumber(major: $0 >> 20, minor: $0 & 0xF_FFFF) }
    }

    /// FUSE_DEV_IOC_CLONE: a further descriptor of the same connection. Unless it waits, reading it
    /// when there is no request fails with `EAGAIN`.
    func clone(waits: Bool) throws(Errno) -> FUSEDevice {
        FUSEDevice(owning: try Self.checked(bpio_fuse_clone(descriptor, waits ? 1 : 0)))
    }

    /// FUSE_DEV_IOC_SYNC_INIT: mount(2) will wait for the answer to INIT.
    func requestSynchronousInit() throws(Errno) {
        _ = try Self.checked(bpio_fuse_sync_init(descriptor))
    }

    /// FUSE_DEV_IOC_BACKING_OPEN: see ``ReplyChannel/openBacking(_:)``.
    func openBacking(_ descriptor: Int32) throws(Errno) -> Int32 {
        try Self.checked(bpio_fuse_backing_open(self.descriptor, descriptor))
    }

    /// FUSE_DEV_IOC_BACKING_CLOSE. Fails where the connection is over, and its numbers with it.
    func closeBacking(_ number: Int32) {
        _ = bpio_fuse_backing_close(descriptor, number)
    }

    /// open(2) of something that can be neither read nor written.
    static func deadEnd() throws(Errno) -> FUSEDevice {
        FUSEDevice(owning: try checked(bpio_fuse_dead_end()))
    }

    /// dup3(2): from now on this descriptor stands for the other descriptor's file. Threads that
    /// sleep in ``read(into:)`` keep the device until they wake up.
    func stand(for other: borrowing FUSEDevice) {
        _ = bpio_fuse_replace(descriptor, other.descriptor)
    }

    /// read(2), once: the length or a negative errno.
    func read(into message: inout MutableSpan<UInt8>) -> Int {
        let descriptor = self.descriptor
        return unsafe message.withUnsafeMutableBufferPointer { bytes in
            guard let start = bytes.baseAddress else {
                return -Int(Errno.invalidArgument.rawValue)
            }
            return Int(unsafe bpio_fuse_read(descriptor, start, bytes.count))
        }
    }

    /// write(2), once: the length or a negative errno.
    func write(_ message: Span<UInt8>) -> Int {
        let descriptor = self.descriptor
        return unsafe message.withUnsafeBufferPointer { bytes in
            guard let start = bytes.baseAddress else {
                return -Int(Errno.invalidArgument.rawValue)
            }
            return Int(unsafe bpio_fuse_write(descriptor, start, bytes.count))
        }
    }

    private static func checked(_ result: Int32) throws(Errno) -> Int32 {
        guard result >= 0 else { throw Errno(rawValue: -result) }
        return result
    }
}
