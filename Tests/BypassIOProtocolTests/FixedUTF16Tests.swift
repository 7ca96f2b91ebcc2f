import BypassIOProtocol
import Testing

@Suite("Names and reasons in a structure")
struct FixedUTF16Tests {
    @Test("spec 1.2: a name takes 32 units and a reason 128; what is longer is cut")
    func capacity() {
        let long = String(repeating: "x", count: 200)
        #expect(DriverName(long).length == 32)
        #expect(DriverName(long).string == String(repeating: "x", count: 32))
        #expect(FailureReason(long).length == 128)
        #expect(FailureReason(truncating: long).string == String(repeating: "x", count: 128))
        #expect(DriverName("nvme.sys").string == "nvme.sys")
        #expect(DriverName("nvme.sys").length == 8)
        #expect(DriverName().isEmpty)
        #expect(DriverName("").isEmpty)
    }

    @Test("spec 6.2: the cut never goes through the middle of a surrogate pair")
    func surrogatePairs() {
        let pair = "\u{1F4BE}"
        let odd = String(repeating: "x", count: 31) + pair
        #expect(DriverName(odd).length == 31)
        #expect(DriverName(odd).string == String(repeating: "x", count: 31))
        let fits = String(repeating: "x", count: 30) + pair
        #expect(DriverName(fits).length == 32)
        #expect(DriverName(fits).string == fits)
        #expect(DriverName(String(repeating: pair, count: 40)).length == 32)
        let shifted = "x" + String(repeating: pair, count: 40)
        #expect(DriverName(shifted).length == 31)
        #expect(DriverName(shifted).firstUnpairedSurrogate == nil)
        for count in 120...135 {
            let text = String(repeating: "y", count: count) + pair + pair
            #expect(FailureReason(text).firstUnpairedSurrogate == nil)
            #expect(text.hasPrefix(FailureReason(text).string))
        }
    }

    @Test("Nothing behind a character that does not fit is taken")
    func prefixOnly() {
        let text = String(repeating: "x", count: 31) + "\u{1F4BE}" + "z"
        #expect(DriverName(text).string == String(repeating: "x", count: 31))
    }

    @Test("spec 1.2: the length decides, a NUL does not end the text")
    func lengthNotTerminator() throws {
        var bytes = [UInt8](repeating: 0, count: 72)
        bytes[4] = 5
        bytes.replaceSubrange(6..<20, with: littleEndian("ab\0cdXY"))
        let info = try BypassIOInfo(decoding: bytes.span)
        #expect(info.storageDriverName.string == "ab\0cd")
        #expect(info.storageDriverName.length == 5)
        // Units behind the length are not part of the value; encoding does not write them back.
        #expect(Array(try info.encodedBytes()[16..<20]) == [0, 0, 0, 0])
        #expect(info.storageDriverName == DriverName("ab\0cd"))
    }

    @Test("A full array without a NUL is read whole")
    func fullArray() throws {
        var bytes = [UInt8](repeating: 0xFF, count: 72)
        bytes[4] = 32
        bytes[5] = 0
        let name = String(repeating: "q", count: 32)
        bytes.replaceSubrange(6..<70, with: littleEndian(name))
        #expect(try BypassIOInfo(decoding: bytes.span).storageDriverName.string == name)
    }

    @Test("An unpaired surrogate is found, kept on the wire and shown as U+FFFD")
    func unpairedSurrogates() throws {
        #expect(DriverName(units: [0x61, 0xD83D]).firstUnpairedSurrogate == 1)
        #expect(DriverName(units: [0xDCBE, 0x61]).firstUnpairedSurrogate == 0)
        #expect(DriverName(units: [0xD83D, 0xD83D, 0xDCBE]).firstUnpairedSurrogate == 0)
        #expect(DriverName(units: [0xD83D, 0xDCBE]).firstUnpairedSurrogate == nil)
        let broken = DriverName(units: [0x61, 0xD83D])
        #expect(broken.string == "a\u{FFFD}")
        let info = BypassIOInfo(storageDriverName: broken)
        let bytes = try info.encodedBytes()
        #expect(try BypassIOInfo(decoding: bytes.span) == info)
    }

    @Test("Equal texts are equal and hash alike; a prefix is not equal")
    func equality() {
        #expect(DriverName("a") == "a")
        #expect(DriverName("a") != "ab")
        #expect(DriverName("a") != "b")
        #expect(DriverName("a\0") != "a")
        #expect(Set([DriverName("a"), "a", "b"]).count == 2)
        #expect(DriverName(units: [UInt16](repeating: 7, count: 99)).length == 32)
    }
}
