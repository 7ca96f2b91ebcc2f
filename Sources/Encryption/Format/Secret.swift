import Glibc

/// Bytes that nobody should find later: a passphrase, a master key. They are wiped when the last
/// owner lets go of them, and have no description.
///
/// Any thread, for reading.
@safe
public final class Secret: @unchecked Sendable, CustomStringConvertible, CustomReflectable {
    /// In memory of its own, which grows by no copy.
    private let start: UnsafeMutableRawPointer
    public let count: Int

    /// Copies the first `count` bytes, and wipes all of the array.
    public init(taking bytes: inout [UInt8], count: Int) {
        precondition((0...bytes.count).contains(count))
        self.count = count
        unsafe start = UnsafeMutableRawPointer.allocate(byteCount: max(1, count), alignment: 16)
        let place = unsafe start
        unsafe bytes.withUnsafeBytes { source in
            guard let first = source.baseAddress else { return }
            unsafe place.copyMemory(from: first, byteCount: count)
        }
        Self.wipe(&bytes)
    }

    deinit {
        unsafe explicit_bzero(start, count)
        unsafe start.deallocate()
    }

    func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try unsafe body(UnsafeRawBufferPointer(start: start, count: count))
    }

    /// Makes bytes zero that held a secret.
    public static func wipe(_ bytes: inout [UInt8]) {
        unsafe bytes.withUnsafeMutableBytes { bytes in
            guard let first = bytes.baseAddress else { return }
            unsafe explicit_bzero(first, bytes.count)
        }
    }

    public var description: String { "a secret" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
