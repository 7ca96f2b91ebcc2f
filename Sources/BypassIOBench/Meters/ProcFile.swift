import SystemPackage

/// A small file of procfs or sysfs as text.
enum ProcFile {
    /// nil where it cannot be read: the process is gone, or the kernel has no such file.
    static func text(_ path: String) -> String? {
        guard
            let file = try? FileDescriptor.open(
                FilePath(path), .readOnly, options: .closeOnExec)
        else {
            return nil
        }
        return try? file.closeAfter {
            var content: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 16384)
            while true {
                let count = try unsafe chunk.withUnsafeMutableBytes {
                    try unsafe file.read(into: $0)
                }
                if count == 0 { return String(decoding: content, as: UTF8.self) }
                content += chunk[..<count]
            }
        }
    }

    /// The number behind `name` at the beginning of a line.
    static func number(_ name: String, in text: String) -> UInt64? {
        for line in text.split(separator: "\n") where line.hasPrefix(name) {
            let words = line.split { !$0.isNumber && !$0.isLetter && $0 != "_" }
            if words.count > 1 { return UInt64(words[1]) }
        }
        return nil
    }
}
