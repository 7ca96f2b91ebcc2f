import LinuxKit
import SystemPackage

/// The process that opened a file, of which the kernel told the thread.
struct ReadingProcess {
    /// The thread's own number where it has ended.
    let id: Int32
    /// As the kernel shows it; nil where it has ended.
    let name: String?

    init(thread: Int32) {
        guard thread > 0,
            let bytes = try? KernelFile.bytes(of: FilePath("/proc/\(thread)/status"))
        else {
            (id, name) = (thread, nil)
            return
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        func value(_ word: String) -> Substring? {
            lines.first { $0.hasPrefix(word) }?.dropFirst(word.count)
        }
        id = value("Tgid:\t").flatMap { Int32($0) } ?? thread
        name = value("Name:\t").map { String($0) }
    }

    /// `4711 (less)`.
    var words: String { name.map { "\(id) (\($0))" } ?? "\(id), which has ended," }
}
