import IOStack

/// A verdict in 152 bytes, little-endian, as docs/scan.md has it. What does not add up is none.
struct VerdictRecord: Sendable {
    /// In bytes.
    static let length = 152
    static let mark: [UInt8] = Array("BIOV".utf8)
    /// Bytes of a name.
    private static let longestName = 64
    private static let noTime = UInt32.max

    /// ``VerdictRecord/number(of:)`` of the signatures' version.
    let signatures: UInt64
    let verdict: StoredVerdict

    /// FNV-1a of 64 bits: enough against accident. Whoever may write the file needs no collision.
    static func sum(_ bytes: some Sequence<UInt8>) -> UInt64 {
        bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    static func number(of signatures: String) -> UInt64 { sum(signatures.utf8) }

    var bytes: [UInt8] {
        let (kind, name): (UInt8, String) =
            switch verdict.verdict {
            case .clean: (1, "")
            case .infected(let name): (2, name)
            case .limited(let name): (3, name)
            }
        let text = Self.cut(name)
        var bytes = Self.mark + [kind, UInt8(text.count), 0, 0]
        bytes.reserveCapacity(Self.length)
        bytes.append(little: signatures)
        bytes.append(little: verdict.file.device)
        bytes.append(little: verdict.file.inode)
        let version = verdict.version
        for time in [version.birthTime, version.modificationTime, version.changeTime] {
            bytes.append(little: UInt64(bitPattern: time?.seconds ?? 0))
        }
        for time in [version.birthTime, version.modificationTime, version.changeTime] {
            bytes.append(little: time?.nanoseconds ?? Self.noTime)
        }
        bytes.append(little: UInt32(0))
        bytes.append(little: version.size)
        bytes += text + [UInt8](repeating: 0, count: Self.longestName - text.count)
        bytes.append(little: Self.sum(bytes))
        return bytes
    }

    /// Whole characters of a name.
    private static func cut(_ name: String) -> [UInt8] {
        var text: [UInt8] = []
        for scalar in name.unicodeScalars {
            let bytes = UTF8.encode(scalar).map(Array.init) ?? []
            guard text.count + bytes.count <= longestName else { break }
            text += bytes
        }
        return text
    }

    init(_ verdict: StoredVerdict, signatures: UInt64) {
        self.verdict = verdict
        self.signatures = signatures
    }

    /// - Parameter bytes: ``length`` of them.
    init?(_ bytes: ArraySlice<UInt8>) {
        let start = bytes.startIndex
        guard bytes.count == Self.length, bytes.starts(with: Self.mark),
            bytes.little(UInt64.self, at: 144) == Self.sum(bytes.prefix(144))
        else { return nil }
        let count = Int(bytes[start + 5])
        guard count <= Self.longestName,
            let name = String(
                validating: bytes[(start + 80)..<(start + 80 + count)], as: UTF8.self),
            let modified = Self.time(bytes, 1), let changed = Self.time(bytes, 2)
        else { return nil }
        let found: FileVerdict
        switch bytes[start + 4] {
        case 1 where count == 0: found = .clean
        case 2 where count > 0: found = .infected(name)
        case 3 where count > 0: found = .limited(name)
        default: return nil
        }
        signatures = bytes.little(UInt64.self, at: 8)
        verdict = StoredVerdict(
            file: FileID(
                device: bytes.little(UInt64.self, at: 16),
                inode: bytes.little(UInt64.self, at: 24)),
            version: ScannedVersion(
                birthTime: Self.time(bytes, 0), size: bytes.little(UInt64.self, at: 72),
                modificationTime: modified, changeTime: changed), verdict: found)
    }

    private static func time(_ bytes: ArraySlice<UInt8>, _ index: Int) -> FileTime? {
        let nanoseconds = bytes.little(UInt32.self, at: 56 + 4 * index)
        guard nanoseconds < 1_000_000_000 else { return nil }
        return FileTime(
            seconds: Int64(bitPattern: bytes.little(UInt64.self, at: 32 + 8 * index)),
            nanoseconds: nanoseconds)
    }
}

extension [UInt8] {
    fileprivate mutating func append(little value: some FixedWidthInteger) {
        for shift in stride(from: 0, to: value.bitWidth, by: 8) {
            append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }
}

extension ArraySlice<UInt8> {
    fileprivate func little<Value: FixedWidthInteger>(
        _ type: Value.Type, at offset: Int
    ) -> Value {
        let bytes = self[(startIndex + offset)..<(startIndex + offset + Value.bitWidth / 8)]
        return bytes.reversed().reduce(0) { ($0 << 8) | Value($1) }
    }
}
