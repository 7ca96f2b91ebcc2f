public import SystemPackage

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

/// Reads the small files, links and folders in which the kernel shows its objects (sysfs, procfs).
package enum KernelTree {
    /// The text of an attribute file without blanks and line feeds around it; nil if there is none,
    /// or if the driver refuses the read.
    package static func text(_ path: FilePath) -> String? {
        guard let bytes = try? KernelFile.bytes(of: path) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        let trimmed = text.drop { $0.isWhitespace }
        guard let last = trimmed.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(trimmed[...last])
    }

    package static func number(_ path: FilePath) -> Int? {
        text(path).flatMap { Int($0) }
    }

    /// An attribute that is "1" or "0".
    package static func flag(_ path: FilePath) -> Bool? {
        number(path).map { $0 != 0 }
    }

    package static func exists(_ path: FilePath) -> Bool {
        (try? SystemCall.status(of: path, followingLinks: true)) != nil
    }

    /// The last component of a link's target. A device's "driver" link names its driver so.
    package static func linkName(_ path: FilePath) -> String? {
        guard let target = try? SystemCall.readLink(path) else { return nil }
        return FilePath(bytes: target).lastComponent?.string
    }

    /// The target of a path with every link followed; nil if it leads nowhere.
    package static func resolved(_ path: FilePath) -> FilePath? {
        guard let place = try? SystemCall.open(path, .pathOnly),
            let target = try? SystemCall.readLink(SystemCall.magicLink(of: place.descriptor))
        else { return nil }
        return FilePath(bytes: target)
    }

    /// Names in a folder, in natural order: "sda2" before "sda10". Empty if there is no folder.
    package static func entries(of path: FilePath) -> [String] {
        guard let directory = try? SystemCall.open(path, [.readOnly, .directory]) else {
            return []
        }
        let names = (try? SystemCall.names(in: directory.descriptor)) ?? []
        return names.map { String(decoding: $0, as: UTF8.self) }
            .sorted { ($0.utf8.count, $0) < ($1.utf8.count, $1) }
    }
}

/// The mount points of the kernel's own file systems.
///
/// Discovery reads nothing outside these three directories, so a test can pass a tree of its own.
public struct SystemPaths: Sendable, Hashable {
    /// sysfs, "/sys".
    public var sys: FilePath
    /// procfs, "/proc".
    public var proc: FilePath
    /// Device nodes, "/dev".
    public var dev: FilePath

    public init(sys: FilePath, proc: FilePath, dev: FilePath) {
        self.sys = sys
        self.proc = proc
        self.dev = dev
    }

    /// The running machine.
    public static let system = SystemPaths(sys: "/sys", proc: "/proc", dev: "/dev")
}

/// A thread of the machine, by its number, and the process that it belongs to.
package struct TaskStatus: Sendable {
    /// The process' number.
    package let process: Int32
    /// As the kernel shows the thread.
    package let name: String
    /// A signal waits for the thread that would end an interruptible sleep of its. A signal to a
    /// process of several threads counts only if it kills: another thread may take it. A thread
    /// that runs or was stopped does not sleep: what waits of it is asynchronous, and no signal
    /// ends that.
    package let isInterrupted: Bool

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
        func signals(_ word: String) -> UInt64 {
            value(word).flatMap { UInt64($0, radix: 16) } ?? 0
        }
        // A signal that kills is among each thread's own.
        let isAlone = value("Threads:\t") == "1"
        let sent = signals("SigPnd:\t") | (isAlone ? signals("ShdPnd:\t") : 0)
        let sleeps = ["S", "D"].contains(value("State:\t")?.first)
        isInterrupted = sleeps && sent & ~(signals("SigBlk:\t") | signals("SigIgn:\t")) != 0
    }
}
