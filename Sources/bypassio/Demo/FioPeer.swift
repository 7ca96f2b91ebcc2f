import Foundation
import SystemPackage

/// fio reading the demo's file: the judge users believe.
struct FioPeer {
    private let executable: String
    private let file: DemoFile

    /// nil where fio is not installed.
    init?(file: DemoFile) {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        let found = folders.map { "\($0)/fio" }.first {
            FileManager.default.isExecutableFile(atPath: $0)
        }
        guard let found else { return nil }
        executable = found
        self.file = file
    }

    /// One fio run of the same pattern, block size, depth and amount.
    func sample(_ workload: Workload) throws -> DemoReport.Sample {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = [
            "--name=bypassio-demo", "--filename=\(file.path.string)", "--readonly",
            "--ioengine=io_uring", "--direct=1", "--rw=\(workload.fioPattern)",
            "--bs=\(workload.blockSize)", "--iodepth=\(workload.depth)",
            "--size=\(file.size)", "--io_size=\(workload.bytes)", "--norandommap",
            "--randseed=\(DemoFile.seed)", "--output-format=json",
        ]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0,
            let job = try? Self.decoder.decode(Answer.self, from: data).jobs.first,
            job.read.totalIos > 0, job.read.runtime > 0
        else {
            throw CommandError(
                .internalError, "fio failed on \(file.path): run again with --no-fio.")
        }
        return DemoReport.Sample(
            seconds: Double(job.read.runtime) / 1000, reads: job.read.totalIos,
            bytes: job.read.ioBytes,
            cpuSeconds: (job.usrCpu + job.sysCpu) / 100 * Double(job.jobRuntime) / 1000)
    }

    private static var decoder: JSONDecoder {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return decoder
    }

    /// The part of fio's JSON that is looked at; its names are fio's in our spelling.
    private struct Answer: Decodable {
        struct Job: Decodable {
            struct Direction: Decodable {
                let ioBytes: UInt64
                /// In milliseconds.
                let runtime: Int
                let totalIos: Int
            }
            let read: Direction
            /// Percent of the job's runtime.
            let usrCpu: Double
            let sysCpu: Double
            /// In milliseconds.
            let jobRuntime: Int
        }
        let jobs: [Job]
    }
}
