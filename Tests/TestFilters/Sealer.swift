import BypassIOProtocol
public import FilterKit
public import IOStack
import SystemPackage

/// Stores blocks with a sum behind them, and the key in a header: a block that was changed is
/// found, and one that stands in another's place.
public final class Sealer: BlockFilter {
    public let name = "sealer"
    public let altitude = Altitude(integer: 141_200)
    public let layout: BlockLayout
    public let refusal = BlockRefusal(.notSupportedWithEncryption, reason: "Files are sealed.")
    private let keys = Guarded(UInt8(1))

    /// A name in the root that is neither made nor given to another file.
    private let refused: String?

    public init(block: Int = 4096, hasShortHoles: Bool = true, refusing refused: String? = nil) {
        self.refused = refused
        layout = BlockLayout(
            block: block, header: 18, overhead: 32, hasShortHoles: hasShortHoles)
    }

    public func key(of file: BlockFileFacts) throws(IOFailure) -> UInt8? {
        guard let header = file.header else {
            return keys.withLock { key in
                key &+= 1
                return key
            }
        }
        guard header.count == 18, header.allSatisfy({ $0 == header[0] }) else {
            throw IOFailure(.dataError)
        }
        return header[0]
    }

    public func refusal(of open: PreOpen) -> IOFailure? {
        open.path == refused ? IOFailure(errno: .notPermitted) : nil
    }

    public func refusal(of change: PreChange) -> IOFailure? {
        guard case .rename(_, let to, _, _) = change.change, to.string == refused else {
            return nil
        }
        return IOFailure(errno: .notPermitted)
    }

    public func header(for key: UInt8) -> [UInt8] { [UInt8](repeating: key, count: 18) }

    public func encode(_ block: inout MutableSpan<UInt8>, _ number: UInt64, _ key: UInt8) {
        let end = block.count - layout.overhead
        for index in 0..<end { block[index] ^= Mixer.pad(index, number, key) }
        let sum = Self.sum(block, end, number, key)
        for index in 0..<layout.overhead {
            block[end + index] = UInt8(truncatingIfNeeded: sum >> (index % 8 * 8)) | 1
        }
    }

    public func decode(
        _ block: inout MutableSpan<UInt8>, _ number: UInt64, _ key: UInt8
    ) throws(IOFailure) {
        let end = block.count - layout.overhead
        let sum = Self.sum(block, end, number, key)
        for index in 0..<layout.overhead
        where block[end + index] != UInt8(truncatingIfNeeded: sum >> (index % 8 * 8)) | 1 {
            throw IOFailure(.dataError)
        }
        for index in 0..<end { block[index] ^= Mixer.pad(index, number, key) }
    }

    private static func sum(
        _ block: borrowing MutableSpan<UInt8>, _ end: Int, _ number: UInt64, _ key: UInt8
    ) -> UInt64 {
        var sum = number &* 31 &+ UInt64(key) &+ UInt64(end)
        for index in 0..<end { sum = sum &* 1_099_511_628_211 ^ UInt64(block[index]) }
        return sum
    }
}
