import CPosixCalls

/// The entries of getdents64(2).
enum DirectoryReading {
    struct Entry {
        let name: [UInt8]
        let inode: UInt64
        let type: UInt8
        /// The place of the next entry, for lseek.
        let next: Int64

        var isDot: Bool { name == [0x2E] || name == [0x2E, 0x2E] }

        var text: String {
            let types: [UInt8: String] = [
                1: "fifo", 2: "character device", 4: "directory", 6: "block device", 8: "file",
                10: "link", 12: "socket",
            ]
            // Any bytes are a name; this text keeps names that are not UTF-8 distinct.
            let shown = String(validating: name, as: UTF8.self) ?? "\(name)"
            let short = name.count > 60 ? "\(name.count)×\(shown.prefix(4))…" : shown
            return "\(short) (\(types[type] ?? "type \(type)"))"
        }
    }

    struct Failure: Error {
        let answer: Answer
    }

    /// The entries that one call with a buffer of `capacity` bytes returns; none at the end.
    static func some(_ descriptor: Int32, capacity: Int = 32768) -> Result<[Entry], Failure> {
        var buffer = [UInt8](repeating: 0, count: capacity)
        let answer = Answer(unsafe call_getdents(descriptor, &buffer, capacity))
        guard !answer.isError else { return .failure(Failure(answer: answer)) }
        return .success(parse(buffer.prefix(answer.count)))
    }

    static func all(_ descriptor: Int32, capacity: Int = 32768) -> Result<[Entry], Failure> {
        var entries: [Entry] = []
        while true {
            switch some(descriptor, capacity: capacity) {
            case .failure(let failure): return .failure(failure)
            case .success(let more) where more.isEmpty: return .success(entries)
            case .success(let more): entries += more
            }
        }
    }

    /// struct linux_dirent64: d_ino, d_off, d_reclen (16 bits), d_type, the name up to a NUL.
    private static func parse(_ bytes: ArraySlice<UInt8>) -> [Entry] {
        func number(at place: Int, bytes count: Int) -> UInt64 {
            bytes[place..<place + count].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
        var entries: [Entry] = []
        var place = bytes.startIndex
        while place + 19 <= bytes.endIndex {
            let length = Int(number(at: place + 16, bytes: 2))
            guard length >= 19, place + length <= bytes.endIndex else { break }
            entries.append(
                Entry(
                    name: Array(bytes[place + 19..<place + length].prefix { $0 != 0 }),
                    inode: number(at: place, bytes: 8), type: bytes[place + 18],
                    next: Int64(bitPattern: number(at: place + 8, bytes: 8))))
            place += length
        }
        return entries
    }
}
