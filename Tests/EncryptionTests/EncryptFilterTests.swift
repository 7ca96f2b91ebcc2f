import BypassIOProtocol
import Encryption
import Foundation
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

/// The filter on a volume in memory, whose bytes a test sees and changes.
struct EncryptFilterTests {
    private let memory = MemoryVolume()
    private var volume: Volume { memory.volume }

    /// The key of ``CryptConfigurationTests/made``.
    private static func key() throws -> MasterKey {
        var bytes = Array("a passphrase".utf8)
        let secret = Secret(taking: &bytes, count: bytes.count)
        return try CryptConfiguration(Array(CryptConfigurationTests.made.utf8)).masterKey(secret)
    }

    private func make(_ name: FilePath, _ bytes: [UInt8]) throws {
        let file = try volume.open(name, access: [.read, .write], disposition: .overwriteIf)
        defer { file.close() }
        if !bytes.isEmpty { try file.write(bytes, at: 0) }
    }

    private func content(_ name: FilePath) throws -> [UInt8] {
        let file = try volume.open(name)
        defer { file.close() }
        return try file.read(at: 0, length: 1 << 20)
    }

    /// A file's bytes below the filter.
    private func stored(_ name: FilePath, _ instance: FilterInstance) throws -> [UInt8] {
        let file = try instance.open(CreateParameters(path: name))
        defer { file.close() }
        let buffer = try volume.makeBuffer(capacity: 1 << 20)
        let count = try instance.read(file, at: 0, length: 1 << 20, into: buffer)
        return buffer.withBytes(count) { [UInt8](copying: $0) }
    }

    /// Makes or replaces a file below the filter.
    private func store(
        _ bytes: [UInt8], as name: FilePath, _ instance: FilterInstance
    ) throws {
        let file = try instance.open(
            CreateParameters(path: name, access: .write, disposition: .overwriteIf))
        defer { file.close() }
        try instance.write(file, at: 0, length: bytes.count, from: HeapBuffer(bytes))
    }

    private static func text(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 / 7 + 1) }
    }

    private static func base64(_ text: String) throws -> [UInt8] {
        try Array(#require(Data(base64Encoded: text)))
    }

    // MARK: The format

    @Test("a file that gocryptfs wrote is read")
    func readsTheirs() throws {
        let instance = try memory.attach(EncryptFilter(Self.key()))
        let small = try Self.base64(
            "AALsuOkOSkzBUFCtgdmNOovoolAD/1Yv0X4x8KYgKfZaLNhTp"
                + "jAFwhMR2fI4e2u823aQiSaLBBZHgaiuLr0A")
        try store(small, as: "small", instance)
        #expect(try content("small") == Array("hello, block\n".utf8))
        // `truncate -s 4099`: a hole, and a short block of zeros, which is encrypted.
        let parts = try Self.base64(
            "AAKoMVfr+7aGx6Y/hfubzMhCrfimxQjjsjlPLMCgiG7dU58RotVjAprG4RckF1XuIVg5YgY=")
        let holed = parts[..<18] + [UInt8](repeating: 0, count: 4128) + parts[18...]
        try store(Array(holed), as: "holed", instance)
        #expect(try content("holed") == [UInt8](repeating: 0, count: 4099))
    }

    @Test("what is written begins with the header, and no two blocks below are alike")
    func form() throws {
        let instance = try memory.attach(EncryptFilter(Self.key()))
        let text = [UInt8](repeating: 7, count: 10_000)
        try make("file", text)
        #expect(try content("file") == text)
        let below = try stored("file", instance)
        #expect(below.count == 18 + 10_000 + 3 * 32)
        #expect(Array(below.prefix(2)) == [0, 2])
        #expect(below[18..<4146] != below[4146..<8274])
        try make("other", text)
        #expect(try stored("other", instance)[..<18] != below[..<18])
    }

    @Test("whole blocks that were never written are holes below, and a short one is no hole")
    func holes() throws {
        let instance = try memory.attach(EncryptFilter(Self.key()))
        try make("file", [])
        let file = try volume.open("file", access: [.read, .write])
        defer { file.close() }
        try file.apply(.endOfFile(4096 + 100))
        let below = try stored("file", instance)
        #expect(below[18..<4146].allSatisfy { $0 == 0 })
        #expect(below[4146...].contains { $0 != 0 } && below.count == 4146 + 132)
        #expect(try content("file") == [UInt8](repeating: 0, count: 4196))
        try file.apply(.endOfFile(50))
        let cut = try stored("file", instance)
        #expect(cut.count == 18 + 82 && cut[18...].contains { $0 != 0 })
        #expect(try content("file") == [UInt8](repeating: 0, count: 50))
        try file.apply(.allocation(.punchHole, offset: 0, length: 50))
        #expect(try content("file") == [UInt8](repeating: 0, count: 50))
    }

    // MARK: Tampering

    @Test("a byte that was changed below, at any place, fails the reads of its block")
    func everyByte() throws {
        let instance = try memory.attach(EncryptFilter(Self.key()))
        try make("file", Self.text(5000))
        let whole = try stored("file", instance)
        let places =
            Array(0..<40) + stride(from: 40, to: whole.count, by: 97) + [
                4129, 4130, 4145, 4146, 4161, 4162, whole.count - 17, whole.count - 16,
                whole.count - 1,
            ]
        for place in places {
            var changed = whole
            changed[place] ^= 0x10
            try store(changed, as: "file", instance)
            #expect(throws: IOFailure(.dataError), "byte \(place)") { try content("file") }
        }
        try store(whole, as: "file", instance)
        #expect(try content("file") == Self.text(5000))
    }

    @Test("blocks stand neither for others of their file, nor for the same of another")
    func swapped() throws {
        let instance = try memory.attach(EncryptFilter(Self.key()))
        try make("one", Self.text(8192))
        try make("two", Self.text(8192))
        let (one, two) = (try stored("one", instance), try stored("two", instance))
        try store(Array(one[..<18] + one[4146...] + one[18..<4146]), as: "one", instance)
        #expect(throws: IOFailure(.dataError)) { try content("one") }
        try store(Array(one[..<18] + two[18...]), as: "one", instance)
        #expect(throws: IOFailure(.dataError)) { try content("one") }
    }

    @Test("a file that ends in the middle of a block, or of the header, fails")
    func cutOff() throws {
        let instance = try memory.attach(EncryptFilter(Self.key()))
        try make("file", Self.text(5000))
        let whole = try stored("file", instance)
        for count in [2, 3, 17, 18 + 33, 18 + 200, 4145, 4146 + 33, whole.count - 1] {
            try store(Array(whole[..<count]), as: "file", instance)
            #expect(throws: IOFailure(.dataError), "\(count) bytes") { try content("file") }
        }
        // A block that is torn has bytes of two writes.
        try make("file", Self.text(4096))
        let old = try stored("file", instance)
        try make("file", Self.text(4096).reversed())
        let new = try stored("file", instance)
        try store(Array(new[..<2000] + old[2000...]), as: "file", instance)
        #expect(throws: IOFailure(.dataError)) { try content("file") }
    }

    @Test("zeros in the place of a short block, or of the file's number, are no data")
    func zeroed() throws {
        let instance = try memory.attach(EncryptFilter(Self.key()))
        try make("file", Self.text(5000))
        var bytes = try stored("file", instance)
        for index in 4146..<bytes.count { bytes[index] = 0 }
        try store(bytes, as: "file", instance)
        #expect(throws: IOFailure(.dataError)) { try content("file") }
        for index in 2..<18 { bytes[index] = 0 }
        try store(bytes, as: "file", instance)
        #expect(throws: IOFailure(.dataError)) { try content("file") }
    }

    @Test("a part of a damaged block cannot be written, and a whole one can")
    func mending() throws {
        let instance = try memory.attach(EncryptFilter(Self.key()))
        try make("file", Self.text(8192))
        var bytes = try stored("file", instance)
        bytes[100] ^= 1
        try store(bytes, as: "file", instance)
        let file = try volume.open("file", access: [.read, .write])
        defer { file.close() }
        #expect(throws: IOFailure(.dataError)) { try file.write([1, 2, 3], at: 10) }
        #expect(try file.write(Self.text(4096), at: 0) == 4096)
        #expect(try content("file") == Self.text(4096) + Self.text(8192)[4096...])
    }

    @Test("files of another key fail, and cannot be changed")
    func otherKey() throws {
        let first = MemoryVolume()
        let instance = try first.attach(EncryptFilter(MasterKey()))
        let file = try first.volume.open(
            "file", access: [.read, .write], disposition: .create)
        try file.write(Self.text(5000), at: 0)
        file.close()
        let below = try instance.open(CreateParameters(path: "file"))
        let buffer = try first.volume.makeBuffer(capacity: 8192)
        let count = try instance.read(below, at: 0, length: 8192, into: buffer)
        below.close()
        let bytes = buffer.withBytes(count) { [UInt8](copying: $0) }

        let own = try memory.attach(EncryptFilter(Self.key()))
        try store(bytes, as: "file", own)
        #expect(throws: IOFailure(.dataError)) { try content("file") }
        let foreign = try volume.open("file", access: [.read, .write])
        defer { foreign.close() }
        #expect(throws: IOFailure(.dataError)) { try foreign.write([1], at: 4999) }
        #expect(try stored("file", own) == bytes)
    }

    // MARK: Plain files

    @Test("plain files are left alone and may bypass; encrypted ones veto with their status")
    func plain() throws {
        let instance = try memory.attach(EncryptFilter(Self.key()))
        let text = Self.text(10_000)
        try store(text, as: "plain", instance)
        try make("file", text)
        #expect(try content("plain") == text)
        try make("short", [])
        try store([0], as: "short", instance)
        #expect(try content("short") == [0])

        let plain = try volume.open("plain", access: [.read, .write], options: .nonCached)
        defer { plain.close() }
        #expect(try plain.bypassIO(.enable).results?.status == .success)
        let file = try volume.open("file", access: [.read, .write], options: .nonCached)
        defer { file.close() }
        let refused = try file.bypassIO(.enable).results
        #expect(refused?.status == .notSupportedWithEncryption)
        #expect(refused?.driverName == "encrypt")
        let asked = try file.bypassIO(.query).results
        #expect(asked?.status == .notSupportedWithEncryption)
    }

    @Test("a plain file keeps its form when it is written, cut and appended to")
    func plainStaysPlain() throws {
        let instance = try memory.attach(EncryptFilter(Self.key()))
        try store(Self.text(100), as: "plain", instance)
        let file = try volume.open("plain", access: [.read, .write])
        try file.write([9, 9], at: 99)
        try file.apply(.endOfFile(120))
        file.close()
        let expected = Self.text(99) + [9, 9] + [UInt8](repeating: 0, count: 19)
        #expect(try stored("plain", instance) == expected)
        #expect(try content("plain") == expected)
    }

    @Test("with plain=refuse a file without the header cannot be read")
    func refused() throws {
        let instance = try memory.attach(EncryptFilter(Self.key(), plainFiles: .refuse))
        try store(Self.text(100), as: "plain", instance)
        #expect(throws: IOFailure(.dataError)) { try content("plain") }
        let file = try volume.open("plain", access: [.read, .write], options: .nonCached)
        defer { file.close() }
        #expect(throws: IOFailure(.dataError)) { try file.write([1], at: 0) }
        #expect(try file.bypassIO(.enable).results?.status == .notSupportedWithEncryption)
    }
}
