import IOStack

/// One run of a workload over a file object.
struct Pass {
    let seconds: Double
    /// User and system time of the process.
    let cpuSeconds: Double
    let reads: Int
    let bytes: UInt64
    /// Reads by the route they took.
    let routes: [ReadRoute: UInt64]

    var readsPerSecond: Double { Double(reads) / seconds }
    var megabytesPerSecond: Double { Double(bytes) / seconds / 1e6 }
    var cpuMicrosecondsPerRead: Double { cpuSeconds * 1e6 / Double(reads) }

    /// Runs the workload as fast as it goes; `inspect` sees every block, with its place in the
    /// workload, and its time counts.
    init(
        _ workload: Workload, of file: FileObject, on queue: ReadQueue,
        inspect: ((Span<UInt8>, UInt64) -> Void)? = nil
    ) throws(IOFailure) {
        let member = try queue.attach(file)
        let before = file.readsByRoute
        let processBefore = DemoClock.processCPU
        let start = DemoClock.wall
        let total = workload.offsets.count
        var begun = 0
        var done = 0
        var bytes: UInt64 = 0
        while done < total {
            while begun < total, queue.hasFreeSlot {
                try queue.read(
                    member, at: workload.offsets[begun], length: workload.blockSize,
                    tag: UInt64(begun))
                begun += 1
            }
            try queue.submit(waitingFor: 1)
            while let read = queue.next() {
                if let failure = read.failure { throw failure }
                if let inspect { queue.withBytes(of: read) { inspect($0, read.tag) } }
                bytes += UInt64(read.count)
                done += 1
                queue.release(read)
            }
        }
        seconds = DemoClock.wall - start
        cpuSeconds = DemoClock.processCPU - processBefore
        reads = total
        self.bytes = bytes
        routes = file.readsByRoute.merging(before) { $0 - $1 }
        try queue.detach(member)
    }
}
