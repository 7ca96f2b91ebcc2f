import BypassIOProtocol
import FilterKit
import IOStack

/// Step 3: stores every file scrambled by a key. It is no encryption: who knows a file knows the
/// key's bits.
final class ChangeData: BlockFilter {
    let name = "changedata"
    let altitude = Altitude(integer: 141_500)  // FSFilter Encryption
    let refusal = BlockRefusal(
        .notSupportedWithEncryption, reason: "Files are stored scrambled.")

    private let key: UInt64

    init(key: UInt64) { self.key = key }

    func key(of file: BlockFileFacts) -> UInt64? { key }

    func encode(_ block: inout MutableSpan<UInt8>, _ number: UInt64, _ key: UInt64) {
        var state = key &+ number
        for index in block.indices {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            block[index] ^= UInt8(truncatingIfNeeded: state >> 56)
        }
    }

    func decode(_ block: inout MutableSpan<UInt8>, _ number: UInt64, _ key: UInt64) {
        encode(&block, number, key)
    }
}
