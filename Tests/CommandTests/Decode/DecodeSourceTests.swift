import Foundation
import Testing

@Suite(.enabled(if: BuiltCommand.isThere, "\(BuiltCommand.whyNot)"))
struct DecodeSourceTests {
    @Test func anOddNumberOfDigitsIsNamed() throws {
        expectError(
            try BuiltCommand.run("decode", "0x123"), code: 66, saying: "even number", "has 3")
    }

    @Test(arguments: ["", "no/such/file", "zz", "0x", ": ,"])
    func whatIsNeitherDigitsNorAFile(source: String) throws {
        expectError(try BuiltCommand.run("decode", source), code: 66, saying: "\"\(source)\"")
    }

    @Test func aNameWithALineBreakStaysOnOneLine() throws {
        expectError(try BuiltCommand.run("decode", "no\nsuch"), code: 66, saying: "no\\u{A}such")
    }

    @Test func aDirectoryCannotBeDecoded() throws {
        expectError(try BuiltCommand.run("decode", "/"), code: 66, saying: "directory")
    }

    @Test func aLongFileIsNoBuffer() throws {
        let folder = try Workspace()
        expectError(
            try BuiltCommand.run("decode", folder.fill("huge", count: 3 << 20)), code: 66,
            saying: "65536")
        expectError(try BuiltCommand.run("decode", "/dev/zero"), code: 66, saying: "65536")
    }

    @Test func aFIFOWithoutAWriterDoesNotHang() throws {
        let folder = try Workspace()
        expectError(
            try BuiltCommand.run("decode", folder.makeFIFO("fifo")), code: 66, saying: "a pipe")
    }

    @Test func aFIFOWithASlowWriterIsRead() throws {
        let folder = try Workspace()
        let outcome = try BuiltCommand.shell(
            """
            mkfifo fifo
            exec 3<>fifo
            (sleep 0.3; printf '0300 0000 0000' >&3; sleep 0.2; printf 0000 >&3) &
            exec "$bypassio" decode fifo 3>&-
            """, in: folder)
        #expect(outcome.code == 1)
        #expect(outcome.output.contains("8 bytes"))
    }

    @Test(.enabled(if: Nobody.isThere, "\(Nobody.whyNot)"))
    func anUnreadableFile() throws {
        let folder = try Workspace()
        try folder.write("secret", [1])
        try folder.setPermissions(0, of: "secret")
        expectError(
            try Nobody.run("decode", folder.path("secret")), code: 66,
            saying: "Permission denied")
    }

    @Test func aFileWhoseNameIsDigitsIsReachedByItsPath() throws {
        let folder = try Workspace()
        try folder.write("abcd", [UInt8](repeating: 0, count: 24))
        #expect(try BuiltCommand.run("decode", "abcd", in: folder).output.contains("2 bytes"))
        #expect(try BuiltCommand.run("decode", "./abcd", in: folder).output.contains("24 bytes"))
    }

    @Test func closedStandardInput() throws {
        expectError(
            try BuiltCommand.shell("exec \"$bypassio\" decode - <&-"), code: 66,
            saying: "standard input")
    }
}
