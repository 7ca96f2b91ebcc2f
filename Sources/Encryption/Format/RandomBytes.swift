import BypassIOProtocol
import Glibc
import IOStack

/// Random bytes of the kernel, fetched for many nonces at a time.
///
/// Any thread. Lock order: `state` is a leaf.
final class RandomBytes: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        var used = 0
    }

    /// In bytes; the most that the kernel gives in one call, all or nothing.
    private static let atOnce = 256

    private let state = Guarded(State())

    /// Fills `target`, of at most 256 bytes. Throws what the kernel says.
    func fill(_ target: inout MutableSpan<UInt8>) throws(IOFailure) {
        let count = target.count
        let part = try state.withLock { (state: inout State) throws(IOFailure) -> [UInt8] in
            if state.bytes.count - state.used < count {
                state.bytes = try Self.fresh(Self.atOnce)
                state.used = 0
            }
            defer { state.used += count }
            return Array(state.bytes[state.used..<state.used + count])
        }
        for index in 0..<count { target[index] = part[index] }
    }

    /// Bytes that nobody else gets, at most 256.
    static func fresh(_ count: Int) throws(IOFailure) -> [UInt8] {
        precondition((1...atOnce).contains(count))
        var bytes = [UInt8](repeating: 0, count: count)
        let result = unsafe bytes.withUnsafeMutableBytes { all in
            guard let first = all.baseAddress else { return Int32(-1) }
            return unsafe getentropy(first, all.count)
        }
        guard result == 0 else { throw IOFailure(.insufficientResources) }
        return bytes
    }
}
