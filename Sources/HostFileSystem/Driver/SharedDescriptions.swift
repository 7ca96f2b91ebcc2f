internal import IOStack
internal import LinuxKit
internal import SystemPackage

/// Descriptors that several opens of a file have together, so that a client who opens one file
/// again and again takes one of this process.
///
/// Every open opens the file on the host first, which judges it as ever (rights, leases, fanotify's
/// questions) and tells those who watch. Then the number that the others use stands for the newest
/// open, and the surplus goes. So they all have what Linux decides at an open, such as whether
/// fanotify is asked before reads: nobody reads by an open that is older than his own.
///
/// Only opens for reading share. Reads name their offset, and locks have a descriptor of their own
/// (``HostOpenFile/withOwnDescription(_:)``), so they cannot tell each other apart but by this: a
/// failed write-back is told once to the fsync(2) of those that share. Opens that may write do not
/// share, because each of them must hear of that, because IN_CLOSE_WRITE tells watchers of each,
/// and because file systems do things at the end of each.
///
/// Lock order: `entries` is a leaf; descriptors are closed after it. Any thread.
final class SharedDescriptions: Sendable {
    private struct Key: Hashable {
        let file: FileID
        let flags: OpenFlags
    }

    private struct Entry {
        let descriptor: FileDescriptor
        /// The descriptor is open as long as this is not 0, and whoever makes it 0 closes it.
        var opens = 1
    }

    private let entries = Guarded<[Key: Entry]>([:])

    /// Counts an open of `file` in, which opened `own` with these flags and no other right than
    /// this process has.
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
        // Not by another hard link: a name that is gone must not be told instead of one that is
        // there.
        if Self.haveOneName(found, number), Self.replace(found, by: number) {
            return (found, true)
        }
        leave(file, flags)
        return (own.release(), false)
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
