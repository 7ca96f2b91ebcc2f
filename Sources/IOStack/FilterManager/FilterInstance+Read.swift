import BypassIOProtocol

extension FilterInstance {
    /// `FltReadFile`: a read of a filter's own, seen only by what is below this instance.
    ///
    /// As ``FileObject/read(at:length:into:)``, but always on the traditional route from here
    /// down. Fails with STATUS_FLT_DELETING_OBJECT once the instance is being detached.
    public func read(
        _ file: FileObject, at offset: UInt64, length: Int, into buffer: any IOBuffer
    ) throws(IOFailure) -> Int {
        guard file.volume === volume, length >= 0, length <= buffer.capacity else {
            throw IOFailure(.invalidParameter)
        }
        guard rundown.enter() else { throw IOFailure(.fltDeletingObject) }
        defer { rundown.leave() }
        return try file.request(
            .read(offset: offset, length: length), buffer: buffer, requestor: .kernel, below: self
        ).ioStatus.information
    }
}
