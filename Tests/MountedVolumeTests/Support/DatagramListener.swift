import Foundation

/// A socket that keeps what is sent to it: a syslog service, or a service manager.
final class DatagramListener {
    private let number: Int32
    private var text = ""

    /// - Parameter path: behind an "@" an abstract name.
    init(at path: String) throws {
        number = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let isAbstract = path.hasPrefix("@")
        let bytes = isAbstract ? [0] + Array(path.utf8.dropFirst()) : Array(path.utf8)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { place in
            for (index, byte) in bytes.enumerated() where index < place.count - 1 {
                unsafe place[index] = byte
            }
        }
        // The length tells where an abstract name ends.
        let family = MemoryLayout<sa_family_t>.size
        let size = isAbstract ? family + bytes.count : MemoryLayout<sockaddr_un>.size
        let answer = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(number, $0, socklen_t(size))
            }
        }
        guard answer == 0 else { throw TestError("bind \(path): errno \(errno)") }
    }

    deinit { close(number) }

    var receivedSoFar: String {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe recv(number, &bytes, bytes.count, 0)
            guard count > 0 else { return text }
            text += String(decoding: bytes[..<count], as: UTF8.self) + "\n"
        }
    }

    /// What was received, once that has the words; nil if it does not within half a minute.
    func wait(for words: String) -> String? {
        for _ in 0..<600 {
            let text = receivedSoFar
            if text.contains(words) { return text }
            usleep(50_000)
        }
        return nil
    }
}
