import BypassIOProtocol
import Dispatch
import Foundation
import IOStack
import MemoryFileSystem
import SystemPackage

/// Measures how long a QUERY and a volume pause take with a single bypass-enabled handle and with
/// very many.
///
///     swift run --package-path Benchmarks -c release bypassio-pauses [HANDLES]
///
/// The volume is in memory, so that the figures are the stack's alone.
@main
enum PauseBenchmark {
    private static let rounds = 2001
    private static let readsInFlight = 64

    static func main() throws {
        let many = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 100_000
        print("handles  query us  pause us  pause beyond 64 reads in flight, us (worst)")
        for count in [1, max(2, many)] {
            let bench = try Bench(handles: count)
            let query = try bench.median { _ = try bench.files[0].bypassIO(.query) }
            let pause = try bench.medianOfPauses()
            let beyond = try (0..<21).map { _ in try bench.pauseBeyondReads(readsInFlight) }
            let columns = [
                pad("\(count)", 7), pad(fixed(query), 9), pad(fixed(pause), 9),
                pad(fixed(median(beyond)), 10) + " (\(fixed(beyond.max() ?? 0)))",
            ]
            print(columns.joined(separator: " "))
        }
    }

    static func median(_ values: [Double]) -> Double {
        values.sorted()[values.count / 2]
    }

    private static func fixed(_ microseconds: Double) -> String {
        let tenths = Int((microseconds * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    /// A volume with the given number of handles, 100 to a file.
    private struct Bench {
        let memory = MemoryVolume()
        var files: [FileObject] = []

        init(handles: Int) throws {
            let handlesOfAFile = 100
            for number in 0..<handles {
                let path = FilePath("file \(number / handlesOfAFile)")
                if number % handlesOfAFile == 0 {
                    let made = try memory.volume.open(
                        path, access: [.read, .write], disposition: .create)
                    try made.write([UInt8](repeating: 7, count: 4096), at: 0)
                    made.close()
                }
                let file = try memory.volume.open(path, options: .nonCached)
                let verdict = try file.bypassIO(.enable).results
                precondition(verdict?.status == .success)
                files.append(file)
            }
            precondition(memory.volume.activeBypassCount == handles)
        }

        /// In microseconds.
        func median(_ body: () throws -> Void) throws -> Double {
            PauseBenchmark.median(
                try (0..<PauseBenchmark.rounds).map { _ in try time(body) })
        }

        func medianOfPauses() throws -> Double {
            var times: [Double] = []
            for _ in 0..<PauseBenchmark.rounds {
                times.append(try time { _ = try files[0].bypassIO(.volumeStackPause) })
                _ = try files[0].bypassIO(.volumeStackResume)
            }
            return PauseBenchmark.median(times)
        }

        private func time(_ body: () throws -> Void) rethrows -> Double {
            let start = DispatchTime.now().uptimeNanoseconds
            try body()
            return Double(DispatchTime.now().uptimeNanoseconds - start) / 1000
        }

        /// Microseconds from the moment at which the last read in flight has its bytes to the
        /// return of the pause.
        func pauseBeyondReads(_ count: Int) throws -> Double {
            let lastRead = Guarded<UInt64>(0)
            memory.disk.readObserver = MemoryDisk.ReadObserver(
                began: { _ in },
                finished: { _ in
                    lastRead.withLock { $0 = DispatchTime.now().uptimeNanoseconds }
                })
            memory.disk.holdReads()
            let readers = DispatchGroup()
            for number in 0..<count {
                let file = files[number * 997 % files.count]
                readers.enter()
                // A thread for each read: Dispatch would not start as many for reads that wait.
                Thread.detachNewThread {
                    _ = try? file.read(at: 0, length: 4096, into: HeapBuffer(capacity: 4096))
                    readers.leave()
                }
            }
            guard memory.disk.waitForHeldReads(count) else {
                preconditionFailure("the readers did not come")
            }
            let returned = Guarded<UInt64>(0)
            let pauser = DispatchGroup()
            let first = files[0]
            DispatchQueue(label: "pauser").async(group: pauser) {
                _ = try? first.bypassIO(.volumeStackPause)
                returned.withLock { $0 = DispatchTime.now().uptimeNanoseconds }
            }
            while !memory.volume.isStorageBypassPaused {}
            memory.disk.stopHoldingReads()
            pauser.wait()
            readers.wait()
            memory.disk.readObserver = nil
            _ = try first.bypassIO(.volumeStackResume)
            let (end, last) = (returned.withLock { $0 }, lastRead.withLock { $0 })
            return end > last ? Double(end - last) / 1000 : 0
        }
    }
}
