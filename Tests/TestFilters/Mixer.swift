import BypassIOProtocol
public import FilterKit
public import IOStack

/// Scrambles and mixes the bytes of a block from its end on, so that its stored form is another one
/// when it gets shorter or longer. Files named `*.plain` are left alone.
public final class Mixer: BlockFilter {
    public let name = "mixer"
    public let altitude = Altitude(integer: 141_100)
    public let layout: BlockLayout
    public let refusal = BlockRefusal(.notSupportedWithEncryption, reason: "Files are mixed.")

    public init(block: Int = 4096) { layout = BlockLayout(block: block) }

    public func key(of file: BlockFileFacts) -> UInt8? {
        file.file.openedPath.hasSuffix(".plain") ? nil : 0x5A
    }

    /// The byte that a place of a block is changed by.
    static func pad(_ index: Int, _ number: UInt64, _ key: UInt8) -> UInt8 {
        UInt8(truncatingIfNeeded: (index &+ 1) &* 167 &+ Int(truncatingIfNeeded: number) &* 13)
            ^ key
    }

    public func encode(_ block: inout MutableSpan<UInt8>, _ number: UInt64, _ key: UInt8) {
        var before: UInt8 = 0
        for index in block.indices.reversed() {
            before = before &+ block[index] ^ Self.pad(index, number, key)
            block[index] = before
        }
    }

    public func decode(_ block: inout MutableSpan<UInt8>, _ number: UInt64, _ key: UInt8) {
        var before: UInt8 = 0
        for index in block.indices.reversed() {
            let stored = block[index]
            block[index] = (stored ^ Self.pad(index, number, key)) &- before
            before = stored
        }
    }
}
