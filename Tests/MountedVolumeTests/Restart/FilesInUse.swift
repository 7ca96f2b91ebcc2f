import CPosixCalls
import Foundation
import Testing

/// Files of a mount that a program has open: plain, renamed, removed, without a name, locked,
/// mapped, and a directory. Each is to be what it was after a new service.
struct FilesInUse {
    private let place: String
    private let plain: RawFile
    private let moved: RawFile
    private let gone: RawFile
    private let long: RawFile
    private let nameless: RawFile
    private let lock: RawFile
    private let mapped: MappedMemory
    private let folder: RawFile

    /// - Parameter place: a mount with an empty file `lock`.
    init(in place: String) throws {
        self.place = place
        plain = try Self.made("plain", in: place)
        moved = try Self.made("moved", in: place)
        gone = try Self.made("gone", in: place)
        long = try Self.made(String(repeating: "l", count: 255), in: place)
        #expect(unsafe call_mkdir("\(place)/folder", 0o755) == 0)
        #expect(unsafe call_rename("\(place)/moved", "\(place)/folder/else", 0) == 0)
        #expect(unsafe call_unlink("\(place)/gone") == 0)
        // O_TMPFILE
        nameless = try RawFile("\(place)/folder", RawFile.readWrite | 0o20_200_000)
        #expect(unsafe call_pwrite(nameless.descriptor, [1, 2, 3], 3, 0) == 3)
        lock = try RawFile("\(place)/lock", RawFile.readWrite)
        #expect(call_flock(lock.descriptor, 2 | 4) == 0)
        mapped = try MappedMemory(plain.descriptor, length: 4096, writable: true)
        folder = try RawFile("\(place)/folder")
    }

    /// A file of the mount that is made, with its name for content.
    static func made(_ name: String, in place: String) throws -> RawFile {
        let file = try RawFile("\(place)/\(name)", RawFile.readWrite | RawFile.create)
        let text = Array(name.utf8)
        let count = unsafe call_pwrite(file.descriptor, text, text.count, 0)
        #expect(count == Int64(text.count))
        return file
    }

    static func text(_ file: RawFile) -> String {
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = unsafe call_pread(file.descriptor, &bytes, bytes.count, 0)
        return String(decoding: bytes.prefix(Int(max(0, count))), as: UTF8.self)
    }

    /// Expects each as it was, and changes what is mapped to `mark`.
    func check(mark: UInt8) throws {
        #expect(Self.text(moved) == "moved" && Self.text(gone) == "gone")
        #expect(Self.text(long).hasPrefix("lll") && Self.text(nameless).utf8.count == 3)
        #expect(try gone.status().links == 0 && nameless.status().links == 0)
        let other = try RawFile("\(place)/lock", RawFile.readWrite)
        #expect(call_flock(other.descriptor, 2 | 4) == -11, "mark \(mark)")
        unsafe mapped.address.storeBytes(of: mark, as: UInt8.self)
        #expect(unsafe call_msync(mapped.address, 4096, 4) == 0)
        #expect(Self.text(plain).utf8.first == mark)
        var room = [UInt8](repeating: 0, count: 4096)
        #expect(call_lseek(folder.descriptor, 0, 0) == 0)
        let length = unsafe call_getdents(folder.descriptor, &room, room.count)
        let names = String(decoding: room.prefix(Int(max(0, length))), as: UTF8.self)
        #expect(names.contains("else"))
        _ = try Self.made("after \(mark)", in: place)
    }
}
