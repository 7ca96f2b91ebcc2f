import Dispatch
import IOStack
import Scanning

/// An engine that finds `EVIL!`, and that a test can stop, hold and change.
final class FakeEngine: ScanEngine {
    struct State {
        var version = "ClamAV 1/1"
        var fault: ScanFault?
        var isHeld = false
        var pattern = Array("EVIL!".utf8)
        var scans = 0
        /// Called in each scan, when the bytes were read.
        var during: (@Sendable () -> Void)?
    }

    let state = Guarded(State())

    var scans: Int { state.withLock { $0.scans } }
    func set(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }

    func version() throws(ScanFault) -> String {
        let (version, fault) = state.withLock { ($0.version, $0.fault) }
        if let fault { throw fault }
        return version
    }

    func scan(_ subject: ScanSubject) throws(ScanFault) -> FileVerdict {
        let (fault, pattern, during) = state.withLock { state in
            state.scans += 1
            return (state.fault, state.pattern, state.during)
        }
        if let fault { throw fault }
        var bytes: [UInt8] = []
        do throws(IOFailure) {
            while true {
                let piece = try subject.read(UInt64(bytes.count), 1 << 16)
                if piece.isEmpty { break }
                bytes += piece
            }
        } catch {
            throw .failed("unreadable")
        }
        during?()
        let nobody = DispatchSemaphore(value: 0)
        while state.withLock({ $0.isHeld }) {
            _ = nobody.wait(timeout: .now() + .milliseconds(1))
        }
        return bytes.contains(pattern) ? .infected("Evil") : .clean
    }

    func interrupt() { set { $0.isHeld = false } }
    func resume() {}
}

extension [UInt8] {
    fileprivate func contains(_ pattern: [UInt8]) -> Bool {
        indices.contains { self[$0...].starts(with: pattern) }
    }
}
