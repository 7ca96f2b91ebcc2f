import KernelFiles
import SystemPackage

/// A small file of procfs or sysfs as text.
enum ProcFile {
    /// nil where it cannot be read: the process is gone, or the kernel has no such file.
    static func text(_ path: String) -> String? {
        KernelFile.text(path)
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
