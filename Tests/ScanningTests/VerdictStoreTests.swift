import Foundation
import IOStack
import LinuxKit
import Scanning
import SystemPackage
import Testing

/// The file of verdicts: what is there after a crash, and what else may lie in its place.
struct VerdictStoreTests {
    private let folder: String
    private var path: FilePath { FilePath(folder).appending("verdicts") }

    init() throws {
        folder = NSTemporaryDirectory() + "verdicts-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: false)
    }

    private func end() { try? FileManager.default.removeItem(atPath: folder) }

    private func store(_ capacity: Int = 100) throws -> VerdictStore {
        try VerdictStore(path, capacity: capacity) { Issue.record("\($0)") }
    }

    private static func one(
        _ inode: UInt64, _ verdict: FileVerdict = .clean, size: UInt64 = 9
    ) -> StoredVerdict {
        StoredVerdict(
            file: FileID(device: 5, inode: inode),
            version: ScannedVersion(
                birthTime: inode % 2 == 0 ? nil : FileTime(seconds: -3, nanoseconds: 999_999_999),
                size: size, modificationTime: FileTime(seconds: 1 << 40, nanoseconds: 0),
                changeTime: FileTime(seconds: 7, nanoseconds: 8)), verdict: verdict)
    }

    @Test("verdicts of the same signatures come back, the newest of a file, and no others")
    func comeBack() throws {
        defer { end() }
        let all = [
            Self.one(1), Self.one(2, .infected("Evil")), Self.one(3, .limited("Heuristics.X")),
        ]
        let first = try store()
        #expect(first.load(signatures: "A") == [])
        first.add(all, signatures: "A")
        first.add([Self.one(1, .infected("Later"), size: 10)], signatures: "A")
        first.add([Self.one(4)], signatures: "B")
        first.end()
        let second = try store()
        let found = second.load(signatures: "A")
        #expect(found == [all[1], all[2], Self.one(1, .infected("Later"), size: 10)])
        #expect(second.load(signatures: "B") == [Self.one(4)])
        #expect(second.load(signatures: "C") == [])
        second.forgetAll()
        second.end()
        #expect(try store().load(signatures: "A") == [])
    }

    @Test("a name that is too long is cut, and stays a name")
    func longName() throws {
        defer { end() }
        let store = try store()
        _ = store.load(signatures: "A")
        store.add([Self.one(1, .infected(String(repeating: "ä", count: 60)))], signatures: "A")
        let found = store.load(signatures: "A")
        #expect(found.first?.verdict == .infected(String(repeating: "ä", count: 32)))
    }

    @Test("cut at any byte, whole records stay, and the next are behind them")
    func torn() throws {
        defer { end() }
        let first = try store()
        _ = first.load(signatures: "A")
        first.add([Self.one(1), Self.one(2), Self.one(3)], signatures: "A")
        first.end()
        let whole = try Data(contentsOf: URL(fileURLWithPath: path.string))
        for length in stride(from: 0, through: whole.count, by: 37) {
            try whole.prefix(length).write(to: URL(fileURLWithPath: path.string))
            let store = try store()
            let kept = length / 152
            #expect(store.load(signatures: "A").count == kept)
            store.add([Self.one(9)], signatures: "A")
            store.end()
            #expect(try self.store().load(signatures: "A").count == kept + 1)
        }
    }

    @Test("no changed byte gives another verdict")
    func garbage() throws {
        defer { end() }
        let first = try store()
        _ = first.load(signatures: "A")
        let record = Self.one(1, .infected("Evil"))
        first.add([record], signatures: "A")
        first.end()
        let whole = try Data(contentsOf: URL(fileURLWithPath: path.string))
        for index in whole.indices {
            var changed = whole
            changed[index] ^= UInt8.random(in: 1...255)
            try changed.write(to: URL(fileURLWithPath: path.string))
            #expect(try store().load(signatures: "A") == [], "byte \(index)")
        }
        try Data((0..<100_000).map { _ in UInt8.random(in: 0...255) })
            .write(to: URL(fileURLWithPath: path.string))
        #expect(try store().load(signatures: "A") == [])
    }

    @Test("the file stays small, and has the newest")
    func bounded() throws {
        defer { end() }
        let store = try store(20)
        _ = store.load(signatures: "A")
        for round in 0..<30 {
            let some = (0..<10).map { Self.one(UInt64(10 * round + $0)) }
            store.add(some, signatures: "A")
        }
        let size = try SystemCall.status(of: path, followingLinks: false).size
        #expect(size <= 40 * 152)
        let found = Set(store.load(signatures: "A").map(\.file.inode))
        #expect(found.isSuperset(of: Set(UInt64(280)..<300)))
        #expect(!FileManager.default.fileExists(atPath: path.string + ".new"))
    }

    @Test("a second service reads, and writes once the first is gone")
    func second() throws {
        defer { end() }
        let first = try store()
        _ = first.load(signatures: "A")
        first.add([Self.one(1)], signatures: "A")
        let second = try store()
        #expect(second.load(signatures: "A").count == 1)
        second.add([Self.one(2)], signatures: "A")
        #expect(first.load(signatures: "A").count == 1)
        #expect(second.words.contains("another process"))
        first.end()
        second.add([Self.one(2)], signatures: "A")
        #expect(second.load(signatures: "A").count == 2)
    }

    @Test("what somebody else could have made is no store")
    func refused() throws {
        defer { end() }
        func refusal() -> String? {
            do throws(VerdictStore.Refusal) {
                _ = try VerdictStore(path, capacity: 9) { _ in }
                return nil
            } catch {
                return error.words
            }
        }
        try FileManager.default.createDirectory(
            atPath: path.string, withIntermediateDirectories: false)
        #expect(refusal() != nil)
        try FileManager.default.removeItem(atPath: path.string)
        try FileManager.default.createSymbolicLink(
            atPath: path.string, withDestinationPath: folder + "/elsewhere")
        #expect(refusal() != nil)
        try FileManager.default.removeItem(atPath: path.string)
        try Data().write(to: URL(fileURLWithPath: path.string))
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o666], ofItemAtPath: path.string)
        #expect(refusal()?.contains("others may write it") == true)
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o600], ofItemAtPath: path.string)
        #expect(refusal() == nil)
    }
}
