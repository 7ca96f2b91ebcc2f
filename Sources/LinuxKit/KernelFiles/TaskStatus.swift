/// A thread of the machine, by its number, and the process that it belongs to.
package struct TaskStatus: Sendable {
    /// The process' number.
    package let process: Int32
    /// As the kernel shows the thread.
    package let name: String

    /// nil: the thread has ended, or there is none. Waits for nothing.
    package init?(thread: Int32) {
        guard thread > 0, let text = KernelFile.text("/proc/\(thread)/status") else { return nil }
        let lines = text.split(separator: "\n")
        func value(_ word: String) -> Substring? {
            lines.first { $0.hasPrefix(word) }?.dropFirst(word.count)
        }
        guard let number = value("Tgid:\t"), let process = Int32(number) else { return nil }
        self.process = process
        name = value("Name:\t").map { String($0) } ?? ""
    }
}
