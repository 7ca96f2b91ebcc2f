import BypassIOProtocol
import Synchronization

/// Spec 4.6: a handle that does cached or mapped I/O suspends the bypass of all handles of its
/// file, until that handle and its mappings are gone.
extension FileObject {
    /// Announces a cache above the stack, such as the page cache of a mount's kernel. From now on
    /// it may hold data of this file object: read ahead, mapped, or not yet written.
    ///
    /// Ends with the last reference, so a mapping must keep the file object open. Cached reads and
    /// writes that go through the stack need no notice. Returns when no bypassed read of the file
    /// is in flight. Does nothing under ``SuspensionPolicy/dirty`` if the file object cannot write,
    /// nor after ``close()``. Any thread.
    public func beginCachedUse(isMapped: Bool = false) {
        // Called often: every page fault of a mapping is announced.
        guard storage != nil, !handle.isCounted(isMapped ? .mapped : .cachedHandle), retain() else {
            return
        }
        defer { release() }
        volume.countIn(
            self, isMapped ? .mapped : .cachedHandle, canHoldNewer: access.contains(.write))
    }

    /// Declares that no cache lies above the file system's own, with which its bypassed reads
    /// agree. Reads and writes of this file object then suspend no bypass. Called right after the
    /// open, by a caller that knows; ``beginCachedUse(isMapped:)`` counts all the same.
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

    /// Counts a file object, of which the caller holds a reference, as a cached user of its stream.
    func countIn(_ file: FileObject, _ use: StreamSuspension, canHoldNewer: Bool) {
        guard suspensionPolicy == .strict || canHoldNewer else { return }
        observingSuspensions(of: file.stream) {
            bypass.countIn(
                use, of: file.handle, file.stream.bypass, StreamHouse(self, file.stream))
        }
    }

    /// Called when the file object's last reference is gone.
    // Out of line: few file objects have a cached use, but every request ends with a release.
    @inline(never)
    func countOutCachedUses(of file: FileObject) {
        guard file.handle.countedUses != [] else { return }
        observingSuspensions(of: file.stream) {
            bypass.countOutCachedUses(
                of: file.handle, file.stream.bypass, StreamHouse(self, file.stream))
        }
    }
}
