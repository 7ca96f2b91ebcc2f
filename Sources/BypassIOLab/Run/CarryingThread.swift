import IOStack
import SystemPackage

/// The thread that carries an action, and whether it sleeps (proc(5), /proc/thread-self/stat).
final class CarryingThread: Sendable {
    /// The thread's own status file, which any thread may read.
    private let status = Guarded<FileDescriptor?>(nil)
    private let hasBegun = Guarded(false)

    /// Called on the thread itself.
    func begin() {
        let file = try? FileDescriptor.open(
            FilePath("/proc/thread-self/stat"), .readOnly, options: .closeOnExec)
        status.withLock { $0 = file }
        hasBegun.withLock { $0 = true }
    }

    deinit {
        let file = status.withLock { $0.take() }
        try? file?.close()
    }

    /// If it cannot be read, the thread counts as asleep as soon as it began.
    var isAsleep: Bool {
        guard hasBegun.withLock({ $0 }) else { return false }
        guard let state = status.withLock({ $0.flatMap { Self.state($0) } }) else { return true }
        return state == UInt8(ascii: "S") || state == UInt8(ascii: "D")
    }

    /// The letter behind the closing bracket of the thread's name.
    private static func state(_ file: FileDescriptor) -> UInt8? {
        var text = [UInt8](repeating: 0, count: 512)
        let count = unsafe text.withUnsafeMutableBytes { buffer in
            (try? unsafe file.read(fromAbsoluteOffset: 0, into: buffer)) ?? 0
        }
        text.removeLast(text.count - count)
        guard let bracket = text.lastIndex(of: UInt8(ascii: ")")), bracket + 2 < text.count else {
            return nil
        }
        return text[bracket + 2]
    }
}
