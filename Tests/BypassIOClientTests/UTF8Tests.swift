import BypassIOProtocol
import CBypassIO
import Testing

@Suite("bypassio.h: UTF-16 of an answer as UTF-8")
struct UTF8Tests {
    private static let filling: CChar = 0x55

    /// The bytes that `bypassio_utf8` writes into `size` bytes, and its result. The memory behind
    /// those bytes must not change.
    private func utf8(_ units: [UInt16], size: Int) -> (text: [CChar], whole: Int) {
        var memory = [CChar](repeating: Self.filling, count: size + 8)
        let whole = unsafe bypassio_utf8(units, units.count, &memory, size)
        #expect(memory[size...].allSatisfy { $0 == Self.filling }, "written behind the buffer")
        return (Array(memory[..<size].prefix { $0 != 0 }), whole)
    }

    private func string(_ bytes: [CChar]) -> String {
        String(decoding: bytes.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    @Test(
        "Every kind of character, and halves of pairs as U+FFFD",
        arguments: [
            [], [0x41], [0x7F, 0x80, 0x7FF, 0x800, 0xFFFF], [0xD83D, 0xDE00], [0xDBFF, 0xDFFF],
            [0xD800, 0xDC00], [0xD83D], [0xDE00], [0xDE00, 0xD83D], [0xD83D, 0x41],
            [0xD83D, 0xD83D, 0xDE00], [0x41, 0xDFFF, 0x42], [0xD7FF, 0xE000, 0xFFFD],
        ] as [[UInt16]])
    func characters(units: [UInt16]) {
        let expected = String(decoding: units, as: UTF16.self)
        let (text, whole) = utf8(units, size: 64)
        #expect(string(text) == expected)
        #expect(whole == expected.utf8.count)
    }

    @Test("Any units: the same as Swift's own decoding, and never more than three bytes a unit")
    func anyUnits() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let units = (0..<Int.random(in: 0...128, using: &random)).map { _ in
                // Half of them surrogates.
                UInt16.random(in: Bool.random() ? 0xD800...0xDFFF : 1...0xFFFF, using: &random)
            }
            let (text, whole) = utf8(units, size: 3 * 128 + 1)
            #expect(string(text) == String(decoding: units, as: UTF16.self), "\(units)")
            #expect(whole == text.count)
        }
    }

    @Test("A text that does not fit is cut between characters, and ends in a NUL")
    func cut() {
        let units = Array("aé€😀b".utf16)
        // Of 1, 2, 3, 4 and 1 bytes.
        let kept = [
            nil, "", "a", "a", "aé", "aé", "aé", "aé€", "aé€", "aé€", "aé€", "aé€😀", "aé€😀b",
        ]
        for (size, expected) in kept.enumerated() {
            let (text, whole) = utf8(units, size: size)
            #expect(whole == 11)
            #expect(expected.map { string(text) == $0 } ?? text.isEmpty, "\(size) bytes")
        }
        #expect(unsafe bypassio_utf8(units, units.count, nil, 0) == 11)
    }

    @Test("A length over what the structure holds is not believed")
    func lengths() throws {
        var results = fs_bpio_results()
        results.failing_driver_name_length = .max
        results.failure_reason_length = .max
        unsafe withUnsafeMutableBytes(of: &results.failing_driver_name) { bytes in
            for index in 0..<32 {
                unsafe bytes.storeBytes(of: 0x20AC, toByteOffset: 2 * index, as: UInt16.self)
            }
        }
        var driver = [CChar](repeating: 0, count: 200)
        let name = unsafe bypassio_failing_driver(&results, &driver, driver.count)
        #expect(name == 96, "32 units of three bytes")
        #expect(string(driver.filter { $0 != 0 }) == String(repeating: "€", count: 32))
        var reason = [CChar](repeating: 0, count: 512)
        #expect(unsafe bypassio_failure_reason(&results, &reason, reason.count) == 128)

        var info = fs_bpio_info()
        info.storage_driver_name_length = 33
        #expect(unsafe bypassio_storage_driver(&info, &driver, driver.count) == 32)
    }

    @Test("Lengths count UTF-16 units, as the structures of Windows do")
    func answer() throws {
        let output = try FSBypassIOOutput(
            operation: .enable,
            body: .results(
                BypassIOResults(
                    status: .virusInfected, driverName: "wächter😀.sys",
                    failureReason: "Schädling"))
        ).encodedBytes()
        let decoded = unsafe output.withUnsafeBytes { unsafe $0.load(as: fs_bpio_output.self) }
        var results = decoded.results
        #expect(results.failing_driver_name_length == 13)
        var text = [CChar](repeating: 0, count: 100)
        _ = unsafe bypassio_failing_driver(&results, &text, text.count)
        #expect(string(text.filter { $0 != 0 }) == "wächter😀.sys")
        _ = unsafe bypassio_failure_reason(&results, &text, text.count)
        #expect(string(Array(text.prefix { $0 != 0 })) == "Schädling")
    }
}
