import BypassIOProtocol
import Synchronization

/// Spec 4.6: a handle that does cached or mapped I/O suspends the bypass of all handles of its
/// file, until that handle and its mappings are gone.
extension FileObject {
    /// For a cache above the stack, such as the page cache of a mount's kernel: from now on it may
    /// hold data of this file object, read ahead, mapped, or not yet written.
    ///
    /// Ends with the last reference: a mapping must keep the file object open. Cached reads and
    /// writes that go through the stack need no notice. Returns when no bypassed read of the file
    /// is in flight; does nothing where ``SuspensionPolicy/dirty`` is in force and the file object
    /// cannot write, or after ``close()``. Any thread.
    public func beginCachedUse(isMapped: Bool = false) {
        // Again and again for a mapping, whose every page fault tells.
        guard storage != nil, !handle.isCounted(isMapped ? .mapped : .cachedHandle), retain() else {
            return
        }
        defer { release() }
        volume.countIn(
            self, isMapped ? .mapped : .cachedHandle, canHoldNewer: access.contains(.write))
    }

    /// No cache lies above the file system's own, which its reads past it agree with: reads and
    /// writes of this file object suspend nobody. For who knows, right after the open; a
    /// ``beginCachedUse(isMapped:)`` counts all the same.
    public func declareUncached() { hasNoCache.store(true, ordering: .relaxed) }
}

extension Volume {
    /// A cached read or write is about to go to the storage.
    @inline(__always)
    func noteCachedTransfer(_ file: FileObject, isWrite: Bool) {
        guard !file.isNonCached, !file.handle.isCounted(.cachedHandle),
            !file.hasNoCache.load(ordering: .relaxed)
        else { return }
        countIn(file, .cachedHandle, canHoldNewer: isWrite)
    }

    /// Counts a file object that somebody holds a reference of as a cached user of its stream.
    func countIn(_ file: FileObject, _ use: StreamSuspension, canHoldNewer: Bool) {
        guard suspensionPolicy == .strict || canHoldNewer else { return }
        bypass.countIn(use, of: file.handle, file.stream.bypass, StreamHouse(self, file.stream))
    }

    /// The file object's last reference is gone.
    // Out of line: few file objects have any, and every request ends with a release.
    @inline(never)
    func countOutCachedUses(of file: FileObject) {
        guard file.handle.countedUses != [] else { return }
        bypass.countOutCachedUses(
            of: file.handle, file.stream.bypass, StreamHouse(self, file.stream))
    }
}
