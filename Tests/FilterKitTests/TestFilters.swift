import BypassIOProtocol
import FilterKit
import IOStack

/// Scrambles and mixes the bytes of a block from its end on, so that its stored form is another one
/// when it gets shorter or longer. Files named `*.plain` are left alone.
final class Mixer: BlockFilter {
    let name = "mixer"
    let altitude = Altitude(integer: 141_100)
    let layout: BlockLayout
    let refusal = BlockRefusal(.notSupportedWithEncryption, reason: "Files are mixed.")

    init(block: Int = 4096) { layout = BlockLayout(block: block) }

    func key(of file: BlockFileFacts) -> UInt8? {
        file.file.openedPath.hasSuffix(".plain") ? nil : 0x5A
    }

    /// The byte that a place of a block is changed by.
    static func pad(_ index: Int, _ number: UInt64, _ key: UInt8) -> UInt8 {
        UInt8(truncatingIfNeeded: (index &+ 1) &* 167 &+ Int(truncatingIfNeeded: number) &* 13)
            ^ key
    }

    func encode(_ block: inout MutableSpan<UInt8>, _ number: UInt64, _ key: UInt8) {
        var before: UInt8 = 0
        for index in block.indices.reversed() {
            before = before &+ block[index] ^ Self.pad(index, number, key)
            block[index] = before
        }
    }

    func decode(_ block: inout MutableSpan<UInt8>, _ number: UInt64, _ key: UInt8) {
        var before: UInt8 = 0
        for index in block.indices.reversed() {
            let stored = block[index]
            block[index] = (stored ^ Self.pad(index, number, key)) &- before
            before = stored
        }
    }
}

/// Stores blocks with a sum behind them, and the key in a header: a block that was changed is
/// found, and one that stands in another's place.
final class Sealer: BlockFilter {
    let name = "sealer"
    let altitude = Altitude(integer: 141_200)
    let layout: BlockLayout
    let refusal = BlockRefusal(.notSupportedWithEncryption, reason: "Files are sealed.")
    private let keys = Guarded(UInt8(1))

    init(block: Int = 4096) { layout = BlockLayout(block: block, header: 18, overhead: 32) }

    func key(of file: BlockFileFacts) throws(IOFailure) -> UInt8? {
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

    func header(for key: UInt8) -> [UInt8] { [UInt8](repeating: key, count: 18) }

    func encode(_ block: inout MutableSpan<UInt8>, _ number: UInt64, _ key: UInt8) {
        let end = block.count - layout.overhead
        for index in 0..<end { block[index] ^= Mixer.pad(index, number, key) }
        let sum = Self.sum(block, end, number, key)
        for index in 0..<layout.overhead {
            block[end + index] = UInt8(truncatingIfNeeded: sum >> (index % 8 * 8)) | 1
        }
    }

    func decode(
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
