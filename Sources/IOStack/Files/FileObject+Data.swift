import BypassIOProtocol
import Synchronization

extension FileObject {
    /// Reads up to `length` bytes at `offset` into the start of `buffer`. Returns the bytes read,
    /// fewer at the end of the file, 0 beyond it.
    ///
    /// With bypass enabled on a non-cached file object the read goes past the filters, allocates
    /// nothing, takes no lock and touches no reference count (except for the work of volume
    /// drivers, if it is partial). If it may not bypass, it takes the traditional route by itself.
    /// `buffer` must come from the volume's storage driver if the storage has an alignment rule.
    /// The read runs on behalf of `requestor`, by default the file's opener. Throws
    /// `NTStatus.fileClosed` after ``close()``, `NTStatus.accessDenied` if the file object was not
    /// opened for reading, and `NTStatus.invalidParameter` for a length that `buffer` cannot hold.
    public func read(
        at offset: UInt64, length: Int, into buffer: any IOBuffer, requestor: Requestor? = nil
    ) throws(IOFailure) -> Int {
        try carriedRead(at: offset, length: length, into: buffer, requestor).count
    }

    /// As ``read(at:length:into:requestor:)``; also returns the read's route.
    public func countedRead(
        at offset: UInt64, length: Int, into buffer: any IOBuffer, requestor: Requestor? = nil
    ) throws(IOFailure) -> (count: Int, route: ReadRoute) {
        try carriedRead(at: offset, length: length, into: buffer, requestor)
    }

    @inline(__always)
    private func carriedRead(
        at offset: UInt64, length: Int, into buffer: any IOBuffer, _ requestor: Requestor?
    ) throws(IOFailure) -> (count: Int, route: ReadRoute) {
        guard buffer.holds(length, at: offset) else { throw IOFailure(.invalidParameter) }
        // Before the gates: a read that entered must leave.
        guard access.contains(.read) else { throw IOFailure(.accessDenied) }
        guard let storage else { throw noDataFailure }
        let route = enterBypass(offset: offset, length: length)
        if route == .traditional {
            let count = try readTraditionally(
                at: offset, length: length, into: buffer, requestor)
            // A filter may have set any count.
            return (min(max(count, 0), length), route)
        }
        defer { leaveBypass(route) }
        counters.count(route)
        let extent = StorageExtent(handle: storage, offset: offset, length: length)
        if route == .fullBypass {
            return (try storageDriver.read(extent, into: buffer), route)
        }
        return (try volume.stack.read(extent, into: buffer), route)
    }

    /// Writes the first `length` bytes of `buffer` at `offset`; returns the bytes written. Every
    /// write takes the traditional route. Throws as ``read(at:length:into:requestor:)``.
    @discardableResult
    public func write(
        at offset: UInt64, length: Int, from buffer: any IOBuffer, requestor: Requestor? = nil
    ) throws(IOFailure) -> Int {
        guard buffer.holds(length, at: offset) else { throw IOFailure(.invalidParameter) }
        guard access.contains(.write) else { throw IOFailure(.accessDenied) }
        let answer = try request(
            .write(offset: offset, length: length), buffer: buffer, requestor: requestor)
        return min(max(answer.ioStatus.information, 0), length)
    }

    /// Writes `bytes` at `offset`, through a buffer of the storage driver.
    @discardableResult
    public func write(_ bytes: [UInt8], at offset: UInt64) throws(IOFailure) -> Int {
        let buffer = try volume.makeBuffer(capacity: bytes.count)
        buffer.withMutableBytes(bytes.count) { span in
            for index in bytes.indices { span[index] = bytes[index] }
        }
        return try write(at: offset, length: bytes.count, from: buffer)
    }

    /// Reads up to `length` bytes at `offset` into an array.
    public func read(at offset: UInt64, length: Int) throws(IOFailure) -> [UInt8] {
        let buffer = try volume.makeBuffer(capacity: length)
        let count = try read(at: offset, length: length, into: buffer)
        return buffer.withBytes(count) { [UInt8](copying: $0) }
    }

    /// Why a file object without data is not read or written.
    var noDataFailure: IOFailure {
        IOFailure(stream.kind == .other ? .invalidDeviceRequest : .fileIsADirectory)
    }

    // MARK: Below the filters

    /// The route of a read that went through the filters: ``ReadRoute/storageBypass`` or
    /// ``ReadRoute/traditional``. Ends with ``leaveStorageBypass(_:)``.
    @inline(__always)
    func enterStorageBypass(offset: UInt64, length: Int) -> ReadRoute {
        // Checked first, since most file objects have no bypass: a look at volume and stream counts
        // references.
        guard isNonCached, handle.isEnabled,
            (offset | UInt64(truncatingIfNeeded: length)) & misalignmentMask == 0
        else { return .traditional }
        return volume.bypass.enterBelowFilters(stream.bypass)
    }

    @inline(__always)
    func leaveStorageBypass(_ route: ReadRoute) { volume.bypass.leaveBelowFilters(route) }
}

extension IOBuffer {
    /// `length` bytes fit, and `offset` is one that a file can have.
    @inline(__always)
    func holds(_ length: Int, at offset: UInt64) -> Bool {
        length >= 0 && length <= capacity && offset <= UInt64(Int64.max)
    }
}

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
