package import SystemPackage

/// Files of the kernel, which have no size of their own.
package enum SmallFile {
    /// All of it; nil if it cannot be read.
    package static func read(_ path: FilePath) -> [UInt8]? {
        guard let file = try? FileDescriptor.open(path, .readOnly, options: .closeOnExec) else {
            return nil
        }
        defer { try? file.close() }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while let count = try? unsafe chunk.withUnsafeMutableBytes({
            unsafe try file.read(into: $0)
        }) {
            if count == 0 { return bytes }
            bytes += chunk[..<count]
        }
        return nil
    }

    /// Whether it could be written.
    @discardableResult
    static func write(_ text: String, to path: FilePath) -> Bool {
        guard let file = try? FileDescriptor.open(path, .writeOnly, options: .closeOnExec) else {
            return false
        }
        defer { try? file.close() }
        return (try? file.writeAll(text.utf8)) != nil
    }
}
