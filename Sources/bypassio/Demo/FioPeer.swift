import BypassIOBench
import SystemPackage

/// fio reading the demo's file: the judge users believe.
struct FioPeer {
    private let file: DemoFile

    /// nil where fio is not installed.
    init?(file: DemoFile) {
        guard Fio.isInstalled else { return nil }
        self.file = file
    }

    /// One fio run of the same pattern, block size, depth and amount.
    func sample(_ workload: Workload) throws -> DemoReport.Sample {
        let job: Fio.Job
        do {
            job = try Fio.read([
                "--filename=\(file.path.string)", "--direct=1", "--rw=\(workload.fioPattern)",
                "--bs=\(workload.blockSize)", "--iodepth=\(workload.depth)",
                "--size=\(file.size)", "--io_size=\(workload.bytes)", "--norandommap",
                "--randseed=\(DemoFile.seed)",
            ])
        } catch {
            throw CommandError(
                .internalError, "fio failed on \(file.path): run again with --no-fio.")
        }
        return DemoReport.Sample(
            seconds: job.use.wall, reads: Int(job.reads), bytes: job.bytes,
            cpuSeconds: job.use.clientCPU)
    }
}
