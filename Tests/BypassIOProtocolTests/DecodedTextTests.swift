import BypassIOProtocol
import Foundation
import Testing

@Suite("A decoded buffer as text")
struct DecodedTextTests {
    @Test("One line per field under a heading")
    func plain() throws {
        let bytes = try FSBypassIOInput(operation: .getInfo).encodedBytes()
        #expect(
            DecodedBuffer(bytes).text() == """
                FS_BPIO_INPUT, 24 bytes
                offset  size  field      value
                     0     4  Operation  8  (FS_BPIO_OP_GET_INFO)
                     4     4  InFlags    0x00000000
                     8     8  Reserved1  0x0000000000000000
                    16     8  Reserved2  0x0000000000000000
                no problems

                """)
    }

    @Test("One line per problem at the end")
    func problems() throws {
        let bytes = try FSBypassIOInput(operation: .getInfo, reserved1: 1).encodedBytes()
        #expect(
            DecodedBuffer(bytes).text().hasSuffix(
                """
                1 problem:
                  Reserved1 at offset 8: a reserved field is not zero

                """))
        #expect(
            DecodedBuffer([]).text() == """
                unknown, 0 bytes
                1 problem:
                  a buffer of 0 bytes is too short: the smallest structure has 24

                """)
    }

    @Test("Control characters of a name never reach a terminal, and stay in the value")
    func controlCharacters() throws {
        let hostile = "a\u{1B}[2J\n\u{202E}b"
        let bytes = try FSBypassIOOutput(
            operation: .getInfo,
            body: .info(BypassIOInfo(storageDriverName: DriverName(hostile)))
        ).encodedBytes()
        let decoded = DecodedBuffer(bytes)
        #expect(decoded.fields[6].value == hostile)
        #expect(decoded.text().contains("a\\u{1B}[2J\\u{A}\\u{202E}b"))
        #expect(!decoded.text().unicodeScalars.contains("\u{1B}"))
    }

    @Test("Encoded as JSON, a buffer has its fields and problems under plain names")
    func json() throws {
        let bytes = try FSBypassIOInput(operation: .query, reserved2: 1).encodedBytes()
        let data = try JSONEncoder().encode(DecodedBuffer(bytes))
        let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(object["kind"] as? String == "FS_BPIO_INPUT")
        #expect(object["byteCount"] as? Int == 24)
        let fields = try #require(object["fields"] as? [[String: Any]])
        #expect(fields.map { $0["name"] as? String }.first == "Operation")
        #expect(fields.map { $0["offset"] as? Int } == [0, 4, 8, 16])
        #expect(fields.first?["note"] as? String == "FS_BPIO_OP_QUERY")
        let problems = try #require(object["problems"] as? [[String: Any]])
        #expect(problems.map { $0["field"] as? String } == ["Reserved2"])
        #expect(problems.map { $0["offset"] as? Int } == [16])
    }
}
