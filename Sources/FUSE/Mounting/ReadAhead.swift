internal import Glibc
internal import SystemPackage

/// How far the kernel reads ahead: INIT cannot raise it over 128 KiB, sysfs can.
enum ReadAhead {
    /// Sets it for what is mounted at a path, in KiB. Where that cannot be, it stays as it was.
    static func set(_ amount: UInt32, at mountPoint: FilePath) {
        guard let device = device(at: mountPoint) else { return }
        write("\(amount)\n", to: FilePath("/sys/class/bdi/\(device)/read_ahead_kb"))
    }

    /// MAJOR:MINOR of the newest mount there, from the mount table: asking the file system would
    /// ask ourselves.
    private static func device(at mountPoint: FilePath) -> String? {
        let wanted = mountPoint.string
        var found: String?
        for line in (read("/proc/self/mountinfo") ?? "").split(separator: "\n") {
            let fields = line.split(separator: " ", maxSplits: 5)
            if fields.count == 6, unescaped(fields[4]) == wanted { found = String(fields[2]) }
        }
        return found
    }

    /// Spaces, tabs, newlines and backslashes stand as three octal digits (proc(5)).
    private static func unescaped(_ field: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(field.utf8)[...]
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
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func read(_ path: FilePath) -> String? {
        guard let file = try? FileDescriptor.open(path, .readOnly, options: .closeOnExec) else {
            return nil
        }
        defer { try? file.close() }
        var text: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while let count = try? unsafe chunk.withUnsafeMutableBytes({
            unsafe try file.read(into: $0)
        }),
            count > 0
        {
            text += chunk[..<count]
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func write(_ text: String, to path: FilePath) {
        guard let file = try? FileDescriptor.open(path, .writeOnly, options: .closeOnExec) else {
            return
        }
        _ = try? file.writeAll(text.utf8)
        try? file.close()
    }
}
