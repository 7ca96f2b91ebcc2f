import BypassIOBench

/// What a pass reads.
struct Workload {
    let name: String
    /// fio's name for the pattern.
    let fioPattern: String
    /// Bytes of each read.
    let blockSize: Int
    /// Reads in flight.
    let depth: Int
    /// Offsets in bytes, in order.
    let offsets: [UInt64]

    var bytes: UInt64 { UInt64(offsets.count) * UInt64(blockSize) }

    /// The whole file from beginning to end, 1 MiB at a time, 8 in flight.
    static func wholeFile(size: UInt64) -> Workload {
        Workload(
            name: "whole file, 1 MiB, depth 8", fioPattern: "read", blockSize: 1 << 20, depth: 8,
            offsets: Array(stride(from: 0, to: size, by: 1 << 20)))
    }

    /// `count` blocks of 4 KiB anywhere, 32 in flight; the same ones in every run.
    static func random(count: Int, size: UInt64) -> Workload {
        var random = SplitMix64(seed: DemoFile.seed)
        let offsets = (0..<count).map { _ in
            UInt64.random(in: 0..<size / 4096, using: &random) * 4096
        }
        return Workload(
            name: "random 4 KiB, depth 32", fioPattern: "randread", blockSize: 4096, depth: 32,
            offsets: offsets)
    }
}
