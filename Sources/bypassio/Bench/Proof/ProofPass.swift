import BypassIOBench
import Glibc
import IOStack

/// One run of a workload over a file object.
struct ProofPass {
    let seconds: Double
    /// User and system time of the process.
    let cpuSeconds: Double
    let reads: Int
    let bytes: UInt64
    /// Reads by their route.
    let routes: [ReadRoute: UInt64]

    /// Runs the workload at full speed. `inspect` sees every block, with its place in the workload,
    /// and its time counts.
    init(
        _ workload: ProofWorkload, of file: FileObject, on queue: ReadQueue,
        inspect: ((Span<UInt8>, UInt64) -> Void)? = nil
    ) throws {
        let member = try queue.attach(file)
        let before = file.readsByRoute
        let processBefore = Self.processCPU
        let start = ContinuousClock.now
        let total = workload.offsets.count
        var begun = 0
        var done = 0
        var bytes: UInt64 = 0
        while done < total {
            try Interruption.check()
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
        seconds = (ContinuousClock.now - start) / .seconds(1)
        cpuSeconds = Self.processCPU - processBefore
        reads = total
        self.bytes = bytes
        routes = file.readsByRoute.merging(before) { $0 - $1 }
        try queue.detach(member)
    }

    /// Seconds of the whole process, because an engine may have threads of its own. POSIX counts a
    /// million to the second.
    private static var processCPU: Double { Double(Glibc.clock()) / 1_000_000 }
}

/// The reads of a pass.
struct ProofWorkload {
    let name: String
    /// Bytes of each read.
    let blockSize: Int
    /// Reads in flight.
    let depth: Int
    /// Offsets in bytes, in order.
    let offsets: [UInt64]

    /// The whole file from beginning to end, 1 MiB at a time, 8 in flight.
    static func wholeFile(size: UInt64) -> ProofWorkload {
        ProofWorkload(
            name: "whole file, 1 MiB, depth 8", blockSize: 1 << 20, depth: 8,
            offsets: Array(stride(from: 0, to: size, by: 1 << 20)))
    }

    /// A random block of 4 KiB for every 16 KiB of the file, 32 in flight; the same blocks in every
    /// run.
    static func random(size: UInt64) -> ProofWorkload {
        var random = SplitMix64(seed: 1)
        let offsets = (0..<size / 16384).map { _ in
            UInt64.random(in: 0..<size / 4096, using: &random) * 4096
        }
        return ProofWorkload(
            name: "random 4 KiB, depth 32", blockSize: 4096, depth: 32,
            offsets: offsets)
    }
}
