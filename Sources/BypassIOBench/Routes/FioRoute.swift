import Foundation
import SystemPackage

/// fio reading the backing file, as a reference that users trust.
final class FioRoute: BenchRoute {
    let description = RouteDescription("fio, io_uring", .fio)
    private let tree: BenchTree

    init(tree: BenchTree) {
        self.tree = tree
    }

    func carries(_ workload: BenchWorkload) -> Bool { workload.isDirect }

    func open() throws {
        guard Fio.isInstalled else { throw BenchError(.route, "fio is not installed.") }
    }

    func run(_ workload: BenchWorkload, seconds: Double, seed: UInt64) throws -> Sample {
        guard case .direct(let blockSize, let depth) = workload.kind else {
            throw BenchError(.route, "fio reads with O_DIRECT alone here.")
        }
        let job = try Fio.read([
            "--filename=\(tree.data.string)", "--direct=1", "--rw=randread",
            "--bs=\(blockSize)", "--iodepth=\(depth)", "--size=\(tree.sizes.data)",
            "--time_based", "--runtime=\(Int(seconds * 1000))ms",
            "--ramp_time=\(Int(seconds * 100))ms", "--norandommap", "--randseed=\(seed % 1 << 31)",
        ])
        return Sample(
            operations: job.reads, bytes: job.bytes, use: job.use, percentiles: job.percentiles)
    }

    func close() {}
}
