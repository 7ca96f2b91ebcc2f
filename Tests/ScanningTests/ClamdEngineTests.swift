import Foundation
import IOStack
import LinuxKit
import Scanning
import SystemPackage
import Testing

/// The client, against services that answer well, badly and not at all.
struct ClamdEngineTests {
    private static func subject(_ bytes: [UInt8], descriptor: Int32? = nil) -> ScanSubject {
        ScanSubject(descriptor: descriptor) { offset, length in
            Array(bytes.dropFirst(Int(offset)).prefix(length))
        }
    }

    private static func fault(_ body: () throws(ScanFault) -> Void) -> ScanFault? {
        do throws(ScanFault) {
            try body()
            return nil
        } catch {
            return error
        }
    }

    private static func engine(_ clamd: FakeClamd, time: Duration = .seconds(20)) -> ClamdEngine {
        ClamdEngine(socket: clamd.socket, scanTime: time)
    }

    @Test(
        "answers to a scan, and what is none",
        arguments: [
            ("stream: OK", FileVerdict.clean), ("fd[7]: OK", .clean),
            ("stream: Win.Test.EICAR_HDB-1 FOUND", .infected("Win.Test.EICAR_HDB-1")),
            ("stream: a: b FOUND", .infected("a: b")),
            (
                "stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND",
                .limited("Heuristics.Limits.Exceeded.MaxFileSize")
            ),
            ("INSTREAM size limit exceeded. ERROR", .limited("StreamMaxLength")),
            ("stream: Can't allocate memory ERROR", nil), ("stream:  FOUND", nil), ("OK", nil),
            ("stream: OKAY", nil), ("stream: ok", nil), ("", nil), ("PONG", nil), (": OK ", nil),
            ("UNKNOWN COMMAND", nil), ("stream: OK\nstream: OK", nil),
        ])
    func answers(answer: String, verdict: FileVerdict?) throws {
        let clamd = try FakeClamd(.answers { _, _ in answer })
        defer { clamd.end() }
        #expect((try? Self.engine(clamd).scan(Self.subject([1, 2]))) == verdict)
    }

    @Test("a file goes as a descriptor, and as a stream where that is refused")
    func ways() throws {
        let path = NSTemporaryDirectory() + "scanned-\(UUID().uuidString)"
        try Data("content".utf8).write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        let file = try SystemCall.open(FilePath(path), .readOnly)
        let subject = Self.subject(Array("content".utf8), descriptor: file.descriptor.rawValue)
        let seen = Guarded<[String]>([])
        let clamd = try FakeClamd(
            .answers { command, bytes in
                seen.withLock { $0.append("\(command) \(bytes.count)") }
                return command == "zFILDES" ? "fd[9]: OK" : "stream: Found.It FOUND"
            })
        defer { clamd.end() }
        let engine = Self.engine(clamd)
        #expect(try engine.scan(subject) == .clean)
        clamd.set(
            .answers { command, bytes in
                seen.withLock { $0.append("\(command) \(bytes.count)") }
                return command == "zFILDES"
                    ? "No file descriptor received. ERROR" : "stream: Found.It FOUND"
            })
        #expect(try engine.scan(subject) == .infected("Found.It"))
        // A length, the bytes, and a length of nothing.
        #expect(seen.withLock { $0 } == ["zFILDES 1", "zFILDES 1", "zINSTREAM 15"])
        withExtendedLifetime(file) {}
    }

    @Test(
        "garbage, an end in the middle and silence are no verdict, in bounded time",
        arguments: [
            FakeClamd.Behaviour.closes, .hangs, .sends([]), .sends([0]), .sends([0xFF, 0xFE, 0]),
            .sends(Array("stream: O".utf8)), .sends(Array("stream: OK".utf8)),
            .sends([UInt8](repeating: 65, count: 100_000)),
            .sends([UInt8](repeating: 65, count: 100_000) + [0]),
        ])
    func bad(behaviour: FakeClamd.Behaviour) throws {
        let clamd = try FakeClamd(behaviour)
        defer { clamd.end() }
        let engine = Self.engine(clamd, time: .seconds(1))
        let fault = Self.fault { () throws(ScanFault) in
            _ = try engine.scan(Self.subject([UInt8](repeating: 1, count: 3 << 20)))
        }
        guard case .failed = fault else {
            Issue.record("\(String(describing: fault))")
            return
        }
    }

    @Test("a version is clamd's, of printable characters")
    func version() throws {
        let clamd = try FakeClamd(.answers { _, _ in "ClamAV 1.4.3/27500/Mon Jan 1" })
        defer { clamd.end() }
        let engine = Self.engine(clamd)
        #expect(try engine.version() == "ClamAV 1.4.3/27500/Mon Jan 1")
        for answer in ["", "PONG", "ClamAV \u{7}", "ClamAV " + String(repeating: "1", count: 300)] {
            clamd.set(.answers { _, _ in answer })
            #expect(Self.fault { () throws(ScanFault) in _ = try engine.version() } != nil)
        }
    }

    @Test("nobody there is away, and an interrupt ends what is under way")
    func interrupts() throws {
        let clamd = try FakeClamd(.hangs)
        defer { clamd.end() }
        let nobody = ClamdEngine(
            socket: clamd.socket.removingLastComponent().appending("none"), scanTime: .seconds(9))
        let away = Self.fault { () throws(ScanFault) in _ = try nobody.version() }
        guard case .away = away else {
            Issue.record("\(String(describing: away))")
            return
        }
        let engine = Self.engine(clamd, time: .seconds(600))
        let done = Guarded<ScanFault??>(nil)
        // Not on a thread of all tests' tasks, which others may hold for minutes.
        let scan = try OwnThread.start(named: "scan") {
            let fault = Self.fault { () throws(ScanFault) in _ = try engine.scan(Self.subject([1]))
            }
            done.withLock { $0 = .some(fault) }
        }
        engine.interrupt()
        scan.join()
        #expect(done.withLock { $0 ?? nil } != nil)
    }
}
