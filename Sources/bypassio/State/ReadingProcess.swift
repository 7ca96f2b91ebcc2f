import LinuxKit

/// The process that opened a file, of which the kernel told the thread.
struct ReadingProcess {
    /// The thread's own number where it has ended.
    let id: Int32
    /// As the kernel shows it; nil where it has ended.
    let name: String?

    init(thread: Int32) {
        let status = TaskStatus(thread: thread)
        id = status?.process ?? thread
        name = status?.name
    }

    /// `4711 (less)`.
    var words: String { name.map { "\(id) (\($0))" } ?? "\(id), which has ended," }
}
