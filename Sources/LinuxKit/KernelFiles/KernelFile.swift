package import SystemPackage

/// A file of /proc or /sys.
///
/// The kernel makes its bytes at the read. The file has no size, and a read returns at most a page,
/// whatever the buffer. So it is read until a read returns nothing. Foundation takes the first
/// short read of such a file for its end.
package enum KernelFile {
    /// In bytes; larger than any such file. Mount tables of busy hosts reach megabytes.
    package static let largest = 64 << 20

    /// All bytes. Any thread.
    ///
    /// - Parameter limit: reading stops there, in bytes; the result may exceed it by one read.
    /// - Throws: the errors of open(2) and read(2).
    package static func bytes(
        of path: FilePath, limit: Int = largest
    ) throws(Errno) -> [UInt8] {
        do {
            let file = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
            return try file.closeAfter {
                var bytes: [UInt8] = []
                var chunk = [UInt8](repeating: 0, count: 65536)
                while bytes.count < limit {
                    let count = try unsafe chunk.withUnsafeMutableBytes {
                        try unsafe file.read(into: $0)
                    }
                    if count == 0 { break }
                    bytes += chunk[..<count]
                }
                return bytes
            }
        } catch let error as Errno {
            throw error
        } catch {
            throw .ioError
        }
    }

    /// The whole text; nil if it cannot be read: the process is gone, or the kernel has no such
    /// file.
    package static func text(_ path: String) -> String? {
        (try? bytes(of: FilePath(path))).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The number behind `name` at the beginning of a line.
    package static func number(_ name: String, in text: String) -> UInt64? {
        for line in text.split(separator: "\n") where line.hasPrefix(name) {
            let words = line.split { !$0.isNumber && !$0.isLetter && $0 != "_" }
            if words.count > 1 { return UInt64(words[1]) }
        }
        return nil
    }

    /// Whether it could be written, in one write(2) as the kernel's files demand.
    @discardableResult
    package static func write(_ text: String, to path: FilePath) -> Bool {
        guard let file = try? FileDescriptor.open(path, .writeOnly, options: .closeOnExec) else {
            return false
        }
        defer { try? file.close() }
        return (try? file.writeAll(text.utf8)) != nil
    }
}
