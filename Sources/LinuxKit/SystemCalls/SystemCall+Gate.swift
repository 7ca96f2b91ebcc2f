internal import CKernelABI
package import SystemPackage

extension SystemCall {
    /// open_tree(2): A mount of one open file (O_PATH included) that no path leads to.
    ///
    /// The descriptor is O_PATH. Files opened through it are on that mount, which lasts as long as
    /// they do.
    ///
    /// - Parameter leavingAccessTimes: reads through it do not change the file's access time
    ///   (mount_setattr(2)).
    /// - Throws: EPERM without CAP_SYS_ADMIN, EINVAL if the file's own mount is of another
    ///   namespace or must not be bound.
    package static func mountOfItsOwn(
        for file: FileDescriptor, leavingAccessTimes: Bool = false
    ) throws(Errno) -> OwnedDescriptor {
        let mount = try retryingInt { bpio_gate_mount(file.rawValue, leavingAccessTimes) }
        return OwnedDescriptor(owning: FileDescriptor(rawValue: mount))
    }

    /// fanotify_init(2): A group for the gates before reads. Its reads do not block.
    ///
    /// - Throws: EPERM without CAP_SYS_ADMIN, EINVAL before Linux 5.0, ENOSYS without fanotify.
    package static func openGateGroup() throws(Errno) -> OwnedDescriptor {
        let group = try retryingInt { bpio_gate_open_group() }
        return OwnedDescriptor(owning: FileDescriptor(rawValue: group))
    }

    /// fanotify_mark(2): Adds to the events of a mount.
    ///
    /// - Throws: EOPNOTSUPP, EINVAL if the file system or the kernel has no pre-content events.
    package static func watchMount(
        _ mount: FileDescriptor, adding mask: UInt64, by group: FileDescriptor
    ) throws(Errno) {
        _ = try retryingInt { bpio_gate_mark(group.rawValue, mount.rawValue, mask, 0) }
    }

    /// fanotify_mark(2): Removes from the events of a mount; the mark goes with the last of them.
    package static func watchMount(
        _ mount: FileDescriptor, removing mask: UInt64, by group: FileDescriptor
    ) throws(Errno) {
        _ = try retryingInt { bpio_gate_mark(group.rawValue, mount.rawValue, 0, mask) }
    }

    /// write(2) to a group: Lets the read of an event pass (0), or fails it with an errno that the
    /// kernel accepts.
    package static func answer(
        _ event: FileDescriptor, with error: Int32, to group: FileDescriptor
    ) throws(Errno) {
        _ = try retryingInt { bpio_gate_answer(group.rawValue, event.rawValue, error) }
    }

    /// statx(2): The number of the mount that a file was opened on, never used twice (Linux 6.8).
    package static func mountNumber(of file: FileDescriptor) throws(Errno) -> UInt64 {
        var number: UInt64 = 0
        _ = try retryingInt { unsafe bpio_gate_mount_id(file.rawValue, &number) }
        return number
    }

    /// sched_setaffinity(2): Runs the calling thread on each processor in use, one after the other,
    /// and `body` on each.
    ///
    /// - Throws: ENOTSUP if a cpuset excludes some.
    package static func visitProcessors(_ body: () -> Void = {}) throws(Errno) {
        let code = withoutActuallyEscaping(body) { body in
            var visit = body
            return unsafe withUnsafeMutablePointer(to: &visit) { place in
                unsafe bpio_gate_visit_processors(
                    { place in
                        unsafe place?.assumingMemoryBound(to: (() -> Void).self).pointee()
                    }, place)
            }
        }
        guard code >= 0 else { throw Errno(rawValue: -code) }
    }

    /// membarrier(2), MEMBARRIER_CMD_GLOBAL: Waits for a grace period of the kernel; some
    /// milliseconds.
    package static func waitForGracePeriod() throws(Errno) {
        _ = try retryingInt { bpio_gate_wait_for_grace_period() }
    }

    /// EXT4_IOC_MOVE_EXT with arguments that must fail: Waits for direct I/O under way of a file of
    /// ext4.
    ///
    /// - Parameters:
    ///   - file: open for reading and writing.
    ///   - donor: an empty file of the same file system, open for writing.
    /// - Throws: the error that kept it from waiting.
    package static func waitForDirectIO(of file: FileDescriptor, movingFrom donor: FileDescriptor)
        throws(Errno)
    {
        let result = bpio_gate_wait_ext4(file.rawValue, donor.rawValue)
        guard result == -Errno.invalidArgument.rawValue else { throw Errno(rawValue: abs(result)) }
    }

    /// ioctl_fideduperange(2) with bytes that differ: Waits for direct I/O under way of a file of
    /// xfs or btrfs.
    ///
    /// - Parameters:
    ///   - file: open for reading.
    ///   - donor: a file of the same file system, `length` bytes of noise.
    ///   - length: a multiple of the block size, bytes.
    /// - Throws: the error that kept it from waiting.
    package static func waitForDirectIO(
        of file: FileDescriptor, comparingTo donor: FileDescriptor, length: UInt64
    ) throws(Errno) {
        var status: Int32 = 0
        _ = try retryingInt {
            unsafe bpio_gate_wait_dedupe(file.rawValue, donor.rawValue, length, &status)
        }
        guard status >= 0 else { throw Errno(rawValue: abs(status)) }
    }
}
