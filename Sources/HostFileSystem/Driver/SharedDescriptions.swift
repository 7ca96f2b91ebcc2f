internal import IOStack
internal import LinuxKit
internal import SystemPackage

/// Descriptors that several opens of a file share, so that a client that opens one file again and
/// again takes one descriptor of this process.
///
/// Every open first opens the file on the host. So the host judges it as ever (rights, leases,
/// fanotify's questions) and tells its watchers. Then the shared number is made to refer to the
/// newest open, and the surplus descriptor is closed. So all opens get what Linux decides at an
/// open, such as whether fanotify is asked before reads: no program reads by an open that is older
/// than its own.
///
/// Only opens for reading share. Reads name their offset, and locks have a descriptor of their own
/// (``HostOpenFile/withOwnDescription(_:)``). So opens that share differ from separate opens in one
/// point only: a failed write-back is reported once, to the first fsync(2) among them. Opens that
/// may write do not share: each of them must hear of a failed write-back, IN_CLOSE_WRITE tells
/// watchers of each, and file systems act at the end of each.
///
/// Lock order: `entries` is a leaf; descriptors are closed after it. Any thread.
final class SharedDescriptions: Sendable {
    private struct Key: Hashable {
        let file: FileID
        let flags: OpenFlags
    }

    private struct Entry {
        let descriptor: FileDescriptor
        /// The descriptor is open as long as this is not 0. The thread that makes it 0 closes the
        /// descriptor.
        var opens = 1
    }

    private let entries = Guarded<[Key: Entry]>([:])

    /// Counts an open of `file` in, which opened `own` with these flags and with this process'
    /// rights.
    ///
    /// - Returns: the descriptor to use, and whether to ``leave(_:_:)`` rather than to close it.
    func join(
        _ file: FileID, _ flags: OpenFlags, with own: consuming OwnedDescriptor
    ) -> (FileDescriptor, isShared: Bool) {
        let key = Key(file: file, flags: flags)
        let number = own.descriptor
        let found = entries.withLock { entries -> FileDescriptor? in
            guard let entry = entries[key] else {
                entries[key] = Entry(descriptor: number)
                return nil
            }
            entries[key]?.opens += 1
            return entry.descriptor
        }
        guard let found else { return (own.release(), true) }
        // Not with another hard link: a name that is gone must not be reported in place of a name
        // that exists.
        if Self.haveOneName(found, number), Self.replace(found, by: number) {
            return (found, true)
        }
        leave(file, flags)
        return (own.release(), false)
    }

    /// Counts an open in that another process made and that has `descriptor`, like others that it
    /// made. False, without counting, if opens of this process share another descriptor.
    func rejoin(
        _ file: FileID, _ flags: OpenFlags, with descriptor: FileDescriptor
    ) -> Bool {
        let key = Key(file: file, flags: flags)
        return entries.withLock { entries in
            guard let entry = entries[key] else {
                entries[key] = Entry(descriptor: descriptor)
                return true
            }
            guard entry.descriptor == descriptor else { return false }
            entries[key]?.opens += 1
            return true
        }
    }

    /// Counts an open out.
    func leave(_ file: FileID, _ flags: OpenFlags) {
        let key = Key(file: file, flags: flags)
        let last = entries.withLock { entries -> FileDescriptor? in
            guard let entry = entries[key] else { return nil }
            if entry.opens == 1 {
                entries[key] = nil
                return entry.descriptor
            }
            entries[key]?.opens -= 1
            return nil
        }
        if let last { _ = OwnedDescriptor(owning: last) }
    }

    private static func haveOneName(_ one: FileDescriptor, _ other: FileDescriptor) -> Bool {
        do throws(Errno) {
            return try SystemCall.readLink(SystemCall.magicLink(of: one))
                == SystemCall.readLink(SystemCall.magicLink(of: other))
        } catch {
            return false
        }
    }

    private static func replace(_ shared: FileDescriptor, by own: FileDescriptor) -> Bool {
        do throws(Errno) {
            try SystemCall.replace(shared, by: own)
            return true
        } catch {
            return false
        }
    }
}
