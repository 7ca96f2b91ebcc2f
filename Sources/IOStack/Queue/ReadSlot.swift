/// The state of a queue's slot.
struct ReadSlot {
    enum Phase: UInt8 {
        case free
        /// A filter or volume driver is called, or a filter keeps the request.
        case inFilters
        /// At the storage.
        case inStorage
        /// Done, and its bytes not yet released.
        case done
    }

    var phase = Phase.free
    var route = ReadRoute.traditional
    var file: Int32 = -1
    /// The read's number in the queue.
    var number: UInt32 = 0
    var hostErrno: Int32 = 0
    var tag: UInt64 = 0
    var offset: UInt64 = 0
    var length = 0
    /// Bytes read, once done.
    var count = 0
    /// An NTSTATUS, once done.
    var status: UInt32 = 0
}
