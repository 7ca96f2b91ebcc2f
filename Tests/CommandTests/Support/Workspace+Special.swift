import Foundation

/// Nodes that are neither file nor folder.
extension Workspace {
    func makeFIFO(_ name: String) throws -> String {
        guard Host.succeeds("/usr/bin/mkfifo", path(name)) else {
            throw BuiltCommand.Failure(reason: "mkfifo failed")
        }
        return path(name)
    }

    /// Makes a file of `count` bytes that occupies no disk block.
    func makeSparse(_ name: String, count: UInt64) throws -> String {
        let handle = try writing(name)
        defer { try? handle.close() }
        try handle.truncate(atOffset: count)
        return path(name)
    }

    /// Makes a socket's name; no process listens.
    func makeSocket(_ name: String) throws {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = path(name).utf8CString
        let isBound = unsafe withUnsafeMutableBytes(of: &address.sun_path) { place in
            guard bytes.count <= place.count else { return false }
            for (index, byte) in bytes.enumerated() {
                unsafe place[index] = UInt8(bitPattern: byte)
            }
            return true
        }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        let answer = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard isBound, answer == 0 else {
            throw BuiltCommand.Failure(reason: "no socket \(path(name))")
        }
    }
}
