/// What a slot of a queue is doing.
struct ReadSlot {
    enum Phase: UInt8 {
        case free
        /// A filter or volume driver has it, or a filter keeps it.
        case inFilters
        /// With the storage.
        case inStorage
        /// Done, and its bytes not yet released.
        case done
    }

    var phase = Phase.free
    var route = ReadRoute.traditional
    var file: Int32 = -1
    /// Which read of the queue it is.
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
