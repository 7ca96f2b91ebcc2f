/// A request of a mount, from its arrival until its answer was with the kernel, and the layers that
/// it passed. `bypassio trace` shows it.
public struct TraceRecord: Codable, Sendable, Equatable {
    /// What one layer did with it.
    public struct Layer: Codable, Sendable, Equatable {
        /// `request` (its way through the stack, which may be several), `preCallback`,
        /// `postCallback`, `kept` (by a filter), `fileSystem` or `storage`.
        public var kind: String
        /// Of the filter, file system or storage driver; of a request its function, such as
        /// `IRP_MJ_READ`.
        public var name: String
        /// Of a filter.
        public var altitude: String?
        /// Of a pre callback: `passed`, `completed` or `pended`.
        public var outcome: String?
        /// Of a request: the number of an `NTStatus`, and its name where it has one.
        public var status: UInt32?
        public var statusName: String?
        /// How many of the layers listed here it lies within.
        public var depth: Int
        /// Nanoseconds behind the request's arrival.
        public var begin: UInt64
        public var nanoseconds: UInt64

        package init(
            kind: String, name: String, altitude: String? = nil, outcome: String? = nil,
            status: UInt32? = nil, statusName: String? = nil, depth: Int, begin: UInt64,
            nanoseconds: UInt64
        ) {
            self.kind = kind
            self.name = name
            self.altitude = altitude
            self.outcome = outcome
            self.status = status
            self.statusName = statusName
            self.depth = depth
            self.begin = begin
            self.nanoseconds = nanoseconds
        }
    }

    /// A layer that refuses a BypassIO control.
    public struct Refusal: Codable, Sendable, Equatable {
        public var driver: String
        public var status: UInt32
        public var statusName: String?
        public var reason: String

        package init(driver: String, status: UInt32, statusName: String?, reason: String) {
            self.driver = driver
            self.status = status
            self.statusName = statusName
            self.reason = reason
        }
    }

    /// Counts the requests of a trace from 1, in the order of their ends.
    public var number: UInt64
    /// Of its arrival: ISO 8601, UTC, with microseconds.
    public var time: String
    /// Of its arrival: nanoseconds of a clock that never goes back, the same for all traces of a
    /// service.
    public var begin: UInt64
    /// Until its answer was with the kernel.
    public var nanoseconds: UInt64
    /// As the kernel calls it, such as `READ`.
    public var operation: String
    /// The kernel's number of it.
    public var unique: UInt64
    /// Whose request it is, by the service's numbers; 0: nobody's (readahead, write-back, release).
    public var process: Int32
    public var thread: Int32
    public var user: UInt32
    /// From the volume's root; nil where no layer was asked about a file.
    public var path: String?
    /// Bytes of a READ and a WRITE.
    public var offset: UInt64?
    public var length: Int?
    /// Of a READ and a WRITE the way that it took; of an open and a BypassIO control the way that
    /// the handle's reads take from then on.
    public var route: HandleRoute?
    /// Of a BypassIO control, such as `FS_BPIO_OP_ENABLE`.
    public var control: String?
    public var refusal: Refusal?
    /// Bytes of the answer; nil for one that failed.
    public var bytes: Int?
    /// A number of errno(3); nil for success.
    public var errno: Int32?
    /// In the order in which they began.
    public var layers: [Layer]
    /// Layers beyond the room of a record.
    public var furtherLayers: Int

    package init(
        number: UInt64, time: String, begin: UInt64, nanoseconds: UInt64, operation: String,
        unique: UInt64, process: Int32, thread: Int32, user: UInt32, layers: [Layer],
        furtherLayers: Int
    ) {
        self.number = number
        self.time = time
        self.begin = begin
        self.nanoseconds = nanoseconds
        self.operation = operation
        self.unique = unique
        self.process = process
        self.thread = thread
        self.user = user
        self.layers = layers
        self.furtherLayers = furtherLayers
    }
}

/// Requests of a trace that nobody has taken yet.
package struct TracePage: Sendable {
    package var records: [TraceRecord]
    /// Requests that came behind these and were not kept: they were taken too slowly.
    package var lost: UInt64

    package init(records: [TraceRecord], lost: UInt64) {
        self.records = records
        self.lost = lost
    }
}

/// Which requests a trace has: the question of `GET /v1/trace/stream`.
package struct TraceOrder: Sendable, Equatable {
    /// As `bypassio trace --path` takes it; nil: all.
    package var path: String?
    /// By the service's numbers; nil: all.
    package var process: Int32?

    package init(path: String? = nil, process: Int32? = nil) {
        self.path = path
        self.process = process
    }
}
