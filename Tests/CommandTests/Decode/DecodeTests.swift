import BypassIOProtocol
import Foundation
import Testing

@Suite(.enabled(if: BuiltCommand.isThere, "\(BuiltCommand.whyNot)"))
struct DecodeTests {
    /// A QUERY, as FS_BPIO_INPUT.
    private static let query = [3] + [UInt8](repeating: 0, count: 23)

    private struct Answer: Decodable {
        struct Field: Decodable {
            let name: String
            let offset: Int
            let size: Int
            let value: String
            let note: String?
        }
        struct Problem: Decodable {
            let field: String?
            let offset: Int?
            let message: String
        }
        let kind: String?
        let byteCount: Int
        let ambiguity: String?
        let fields: [Field]
        let problems: [Problem]
    }

    private func json(_ arguments: String..., input: [UInt8] = []) throws -> Answer {
        let outcome = try BuiltCommand.run(["decode", "--json"] + arguments, input: input)
        #expect(outcome.errors.isEmpty)
        let answer = try JSONDecoder().decode(Answer.self, from: Data(outcome.output.utf8))
        #expect(outcome.code == (answer.problems.isEmpty ? 0 : 1))
        return answer
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    @Test func aQueryInWords() throws {
        let outcome = try BuiltCommand.run("decode", Self.hex(Self.query))
        #expect(outcome.code == 0)
        #expect(outcome.errors.isEmpty)
        #expect(
            outcome.output == """
                FS_BPIO_INPUT, 24 bytes
                offset  size  field      value
                     0     4  Operation  3  (FS_BPIO_OP_QUERY)
                     4     4  InFlags    0x00000000
                     8     8  Reserved1  0x0000000000000000
                    16     8  Reserved2  0x0000000000000000
                no problems

                """)
    }

    @Test(
        arguments: [
            " 03 00 0000 00000000 00000000 00000000 00000000 00000000 ",
            "03:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00",
            "0x03, 0x00, 0x00, 0X00, 0x00000000, 0x0000000000000000, 0x0000000000000000",
            "0x030000000000000000000000000000000000000000000000",
            "0300\n0000\t00000000\r\n00000000 00000000 00000000 00000000",
        ])
    func everySpellingOfHexadecimal(text: String) throws {
        for source in [text, text.uppercased()] {
            let answer = try json(source)
            #expect(answer.kind == "FS_BPIO_INPUT")
            #expect(answer.byteCount == 24)
            #expect(answer.problems.isEmpty)
        }
        let fromInput = try json("-", input: Array(text.utf8))
        #expect(fromInput.byteCount == 24)
    }

    @Test func digitsOfBothCases() throws {
        for text in ["abcdef", "ABCDEF", "AbCdEf", "0xAB 0xcd:EF"] {
            #expect(try json(text).byteCount == 3)
        }
    }

    @Test func aFileAndStandardInputHoldBytesOrText() throws {
        let folder = try Workspace()
        let text = Array(Self.hex(Self.query).utf8)
        for content in [Self.query, text, text + [10]] {
            for source in [try folder.write("buffer", content), "-"] {
                let answer = try json(source, input: source == "-" ? content : [])
                #expect(answer.kind == "FS_BPIO_INPUT" && answer.byteCount == 24)
            }
        }
    }

    @Test("spec 1.2: the fields of a veto as JSON")
    func aVetoAsJSON() throws {
        let results = BypassIOResults(
            status: .notSupportedWithAuditing, driverName: DriverName(truncating: "readaudit"),
            failureReason: FailureReason(truncating: "Every read is audited. \u{1F512}"))
        let bytes = try FSBypassIOOutput(
            operation: .query, flags: .compatibleStorageDriver, body: .results(results)
        ).encodedBytes()
        let answer = try json("-", input: bytes)
        #expect(answer.kind == "FS_BPIO_OUTPUT" && answer.byteCount == 352)
        #expect(answer.problems.isEmpty)
        func field(_ end: String) -> Answer.Field? {
            answer.fields.first { $0.name.hasSuffix(end) }
        }
        let status = try #require(field("OpStatus"))
        #expect(status.offset == 24 && status.size == 4 && status.value == "0xC00004CD")
        #expect(status.note?.contains("Win32 499") == true)
        let driver = try #require(field("FailingDriverName"))
        #expect(driver.offset == 30 && driver.size == 64 && driver.value == "readaudit")
        let reason = try #require(field("FailureReason"))
        #expect(reason.offset == 96 && reason.size == 256)
        #expect(reason.value == "Every read is audited. \u{1F512}")
        #expect(field("OutFlags")?.value == "0x00000008")
    }

    @Test(arguments: DecodedBuffer.Kind.allCases.map(\.rawValue))
    func asSaysWhatTheBufferIs(kind: String) throws {
        let answer = try json("--as", kind, Self.hex([UInt8](repeating: 0, count: 24)))
        #expect(answer.kind == kind)
    }

    @Test func everyProblemOfAMalformedBufferIsNamed() throws {
        var bytes = Self.query
        bytes[0] = 77
        bytes[4] = 0x80
        bytes[8] = 1
        bytes[23] = 9
        let source = Self.hex(bytes)
        let problems = try json("--as", "FS_BPIO_INPUT", source).problems
        #expect(
            Set(problems.compactMap(\.field))
                == ["Operation", "InFlags", "Reserved1", "Reserved2"])
        let text = try BuiltCommand.run("decode", "--as", "FS_BPIO_INPUT", source)
        #expect(text.code == 1)
        #expect(text.errors.isEmpty)
        #expect(text.output.contains("4 problems:\n"))
        for name in ["Operation", "InFlags", "Reserved1", "Reserved2"] {
            #expect(text.output.split(separator: "problems:")[1].contains(name))
        }
    }

    @Test func aBufferThatEndsEarlyIsMalformed() throws {
        let answer = try json("--as", "FS_BPIO_OUTPUT", Self.hex(Self.query + [1, 2, 3]))
        #expect(answer.problems.contains { $0.message.contains("the buffer ends at 27") })
        #expect(try json("0102").problems.count == 1)
        #expect(try json("-", input: []).byteCount == 0)
    }

    @Test func whatABufferHoldsCannotMoveTheCursor() throws {
        let results = BypassIOResults(
            status: .notSupported, driverName: DriverName(truncating: "a\u{1B}[2Jb\nc"),
            failureReason: FailureReason(truncating: "x"))
        let bytes = try FSBypassIOOutput(operation: .query, body: .results(results))
            .encodedBytes()
        let output = try BuiltCommand.run("decode", "-", input: bytes).output
        #expect(output.contains("a\\u{1B}[2Jb\\u{A}c"))
        #expect(!output.utf8.contains(0x1B))
    }

    @Test func randomBytesOfAnyLengthAreDecodedOrMalformed() throws {
        let lengths = Set(stride(from: 0, through: 600, by: 13)).union(
            [1, 23, 24, 25, 95, 96, 97, 351, 352, 353, 511, 512, 513, 600])
        for length in lengths.sorted() {
            // An odd first byte keeps it from being text.
            let bytes = (0..<length).map { $0 == 0 ? 0xFF : UInt8.random(in: 0...255) }
            let outcome = try BuiltCommand.run("decode", "-", input: bytes)
            #expect(outcome.code == 0 || outcome.code == 1, "\(bytes)")
            #expect(outcome.output.contains(", \(length) bytes"))
            #expect(outcome.errors.isEmpty)
        }
    }
}
