import BypassIOClient
import BypassIOProtocol
import CBypassIO
import Foundation
import Glibc
import SystemPackage

/// Measures what ENABLE and DISABLE cost on a mount, beside an ioctl of the same size that does
/// nothing.
///
///     swift run --package-path Benchmarks -c release bypassio-controls FILE
///
/// FILE lies on a mounted bypassio volume. Each round measures all calls, one after the other; a
/// ratio compares the calls of one round, and the benchmark prints the median of all rounds. It
/// sends the calls through the functions of bypassio.h or by ioctl(2) itself, so the figures
/// include nothing that a client library does with an answer.
@main
enum ControlBenchmark {
    private static let rounds = 31
    private static let callsInRound = 2000
    /// `_IOWR('B', 77, 512 bytes)`: no control of ours, so the service answers ENOTTY.
    private static let unknownControl: UInt = 0xC200_424D

    static func main() throws {
        guard let path = CommandLine.arguments.dropFirst().first else {
            print("usage: bypassio-controls FILE, a file on a mounted bypassio volume")
            exit(64)
        }
        do {
            try measure(path)
        } catch {
            print("\(path) takes no controls: \(error)")
            exit(66)
        }
    }

    private static func measure(_ path: String) throws {
        let file = try FileDescriptor.open(
            FilePath(path), .readOnly, options: .direct)
        defer { try? file.close() }
        let client = BypassIOClient(file)
        let verdict = try client.manage(.enable).results
        guard verdict?.status == .success else {
            print(
                "\(verdict?.driverName.string ?? "?") refuses: \(verdict?.failureReason.string ?? "")"
            )
            exit(69)
        }
        var nothing: [Double] = []
        var pairs: [Double] = []
        var queries: [Double] = []
        for _ in 0..<rounds {
            nothing.append(time { sendNothing(to: file) })
            pairs.append(
                try time(
                    { unsafe try expect(bypassio_enable, file) },
                    alternatingWith: { unsafe try expect(bypassio_disable, file) }))
            queries.append(try time { unsafe try expect(bypassio_query, file) })
        }
        let ratio = median(zip(pairs, nothing).map { $0 / $1 })
        let queryRatio = median(zip(queries, nothing).map { $0 / $1 })
        print("no-op ioctl        \(fixed(median(nothing))) us")
        print("ENABLE or DISABLE  \(fixed(median(pairs))) us, \(fixed(ratio)) times")
        print("QUERY              \(fixed(median(queries))) us, \(fixed(queryRatio)) times")
    }

    private static func sendNothing(to file: FileDescriptor) {
        var message = InlineArray<64, UInt64>(repeating: 0)
        _ = unsafe withUnsafeMutablePointer(to: &message) { message in
            unsafe ioctl(file.rawValue, unknownControl, message)
        }
    }

    /// Sends a control; throws if it does not succeed.
    @inline(__always)
    private static func expect(
        _ send: (Int32, UnsafeMutablePointer<fs_bpio_output>, UnsafeMutablePointer<Int32>) -> Int32,
        _ file: FileDescriptor
    ) throws {
        var output = fs_bpio_output()
        var status: Int32 = 0
        let outcome = unsafe send(file.rawValue, &output, &status)
        guard outcome == 0, status == 0, output.results.op_status == 0 else {
            throw Errno(rawValue: outcome < 0 ? -outcome : EPROTO)
        }
    }

    /// Microseconds for one call.
    private static func time(_ call: () throws -> Void) rethrows -> Double {
        let start = ContinuousClock.now
        for _ in 0..<callsInRound { try call() }
        return (ContinuousClock.now - start) / .microseconds(callsInRound)
    }

    private static func time(
        _ call: () throws -> Void, alternatingWith other: () throws -> Void
    ) rethrows -> Double {
        let start = ContinuousClock.now
        for _ in 0..<callsInRound / 2 {
            try call()
            try other()
        }
        return (ContinuousClock.now - start) / .microseconds(callsInRound)
    }

    private static func median(_ values: [Double]) -> Double {
        values.sorted()[values.count / 2]
    }

    private static func fixed(_ value: Double) -> String { String(format: "%.2f", value) }
}

extension FileDescriptor.OpenOptions {
    /// `O_DIRECT`, which Glibc shows to no Swift program.
    fileprivate static var direct: Self {
        #if arch(arm64) || arch(arm)
            Self(rawValue: 0x10000)
        #else
            Self(rawValue: 0x4000)
        #endif
    }
}
