internal import KernelFiles
internal import SystemPackage

/// What is mounted where, from /proc/self/mountinfo: it tells without asking any file system, which
/// may be our own.
struct MountTable {
    struct Entry: Equatable {
        /// MAJOR:MINOR; no two file systems have the same at a time.
        let device: String
        /// Of its bytes, unescaped.
        let mountPoint: [UInt8]
        /// With the subtype, such as "fuse.bypassio".
        let type: String
        /// Of the mount, as mount(8) writes them: "ro", "nosuid".
        var options: [String] = []

        var isFUSE: Bool { type == "fuse" || type.hasPrefix("fuse.") }
    }

    /// In the order they were mounted in; later ones hide earlier ones at the same place.
    let entries: [Entry]

    /// Of this process; empty where /proc is not to be had.
    static func current() -> MountTable {
        MountTable((try? KernelFile.bytes(of: "/proc/self/mountinfo")) ?? [])
    }

    init(_ bytes: [UInt8]) {
        entries = bytes.split(separator: UInt8(ascii: "\n")).compactMap { Self.entry($0) }
    }

    /// What programs see at a path, which is absolute and without links.
    func top(at path: FilePath) -> Entry? {
        let wanted = Self.bytes(path)
        return entries.last { $0.mountPoint == wanted }
    }

    private static func entry(_ line: ArraySlice<UInt8>) -> Entry? {
        let fields = line.split(separator: UInt8(ascii: " "))
        // Optional fields end with a hyphen; the type comes behind it.
        guard fields.count > 6,
            let hyphen = fields[6...].firstIndex(where: { $0.elementsEqual([UInt8(ascii: "-")]) }),
            hyphen + 1 < fields.count
        else { return nil }
        return Entry(
            device: String(decoding: fields[2], as: UTF8.self), mountPoint: unescaped(fields[4]),
            type: String(decoding: unescaped(fields[hyphen + 1]), as: UTF8.self),
            options: String(decoding: fields[5], as: UTF8.self).split(separator: ",")
                .map(String.init))
    }

    /// Spaces, tabs, newlines and backslashes stand as three octal digits (proc(5)).
    private static func unescaped(_ field: ArraySlice<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = field
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            if byte == UInt8(ascii: "\\"), digits.count == 3,
                let code = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
            {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return bytes
    }

    private static func bytes(_ path: FilePath) -> [UInt8] {
        unsafe path.withPlatformString { start in
            var bytes: [UInt8] = []
            var next = unsafe start
            while unsafe next.pointee != 0 {
                bytes.append(UInt8(bitPattern: unsafe next.pointee))
                unsafe next += 1
            }
            return bytes
        }
    }
}
