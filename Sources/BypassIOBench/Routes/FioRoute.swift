import Foundation
import SystemPackage
import Terminal

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

/// The program fio, if it is installed.
enum Fio {
    /// The result of one job of fio.
    struct Job {
        let reads: UInt64
        let bytes: UInt64
        /// Wall time, fio's own CPU time and context switches. The machine's CPU time would include
        /// fio's start.
        let use: Use
        /// Nanoseconds from submission to completion, by percentile (0 to 1).
        let percentiles: [Double: UInt64]
    }

    static var isInstalled: Bool { ChildProcess.path(of: "fio") != nil }

    /// Runs one reading job with io_uring and these further arguments.
    static func read(_ arguments: [String]) throws -> Job {
        let command =
            ["fio", "--name=bypassio", "--readonly", "--ioengine=io_uring"] + arguments
            + ["--output-format=json"]
        guard let output = ChildProcess.output(of: command),
            let job = try? decoder.decode(Answer.self, from: Data(output.utf8)).jobs.first,
            job.read.totalIos > 0, job.read.runtime > 0
        else { throw BenchError(.route, "fio failed: \(command.joined(separator: " "))") }
        var use = Use()
        use.wall = Double(job.read.runtime) / 1000
        use.clientCPU = (job.usrCpu + job.sysCpu) / 100 * Double(job.jobRuntime) / 1000
        use.contextSwitches = job.ctx
        let told = job.read.latency.percentile ?? [:]
        let percentiles: [Double: UInt64] = told.reduce(into: [:]) { result, pair in
            if let part = Double(pair.key) { result[(part * 10).rounded() / 1000] = pair.value }
        }
        return Job(
            reads: job.read.totalIos, bytes: job.read.ioBytes, use: use,
            percentiles: percentiles)
    }

    private static var decoder: JSONDecoder {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return decoder
    }

    /// The part of fio's JSON that is used; its names are fio's in our spelling.
    private struct Answer: Decodable {
        struct Job: Decodable {
            struct Direction: Decodable {
                struct Latency: Decodable {
                    /// Nanoseconds by percent.
                    let percentile: [String: UInt64]?
                }
                let ioBytes: UInt64
                /// In milliseconds.
                let runtime: Int
                let totalIos: UInt64
                let latency: Latency

                enum CodingKeys: String, CodingKey {
                    case ioBytes, runtime, totalIos
                    case latency = "clatNs"
                }
            }
            let read: Direction
            /// Percent of the job's runtime.
            let usrCpu: Double
            let sysCpu: Double
            let ctx: UInt64
            /// In milliseconds.
            let jobRuntime: Int
        }
        let jobs: [Job]
    }
}
