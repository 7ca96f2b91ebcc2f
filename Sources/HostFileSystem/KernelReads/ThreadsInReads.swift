internal import LinuxKit
internal import SystemPackage

/// Threads that may be within a read of some files, past their gates. They are found by the kernel
/// functions that each thread of the machine is within. On ext4 and btrfs no lock shows cached
/// reads, which may sleep until a page comes from the disk, or lose their processor, before they
/// copy it.
///
/// A thread that was once seen elsewhere is let go: its later reads have met the gate.
struct ThreadsInReads {
    /// Of fs/backing-file.c, through which a stacked file system reads the file below it, from
    /// before the gate to the end; and of mm/filemap.c, behind the gate.
    private static let reading = [
        "backing_file_read_iter", "backing_file_splice_read", "filemap_read", "filemap_splice_read",
    ].map { Array($0.utf8) }
    /// Of fs/iomap/direct-io.c: the thread holds the file's lock, or is counted in its direct I/O.
    private static let direct = ["__iomap_dio_rw", "iomap_dio_rw"].map { Array($0.utf8) }
    /// The thread is held at a gate, this process' or another listener's.
    private static let held = Array("fanotify_handle_event".utf8)

    /// In bytes; a stack file has at most 64 lines.
    private static let longestStack = 8192

    private let inodes: Set<UInt64>
    private var threads: [SystemCall.ThreadNumber]

    /// - Parameter inodes: the files' numbers, which stacked file systems show as their own.
    /// - Throws: the error that keeps the kernel's stacks from being read.
    init(reading inodes: Set<UInt64>) throws(Errno) {
        self.inodes = inodes
        var stack = [UInt8](repeating: 0, count: Self.longestStack)
        _ = try SystemCall.kernelStack(of: nil, into: &stack)
        threads = try SystemCall.allThreads()
        removeThoseElsewhere()
    }

    var isEmpty: Bool { threads.isEmpty }

    /// A direct read sleeps, for as long as its program's memory is not there.
    var isAnyAsleepInDirectRead: Bool {
        var stack = [UInt8](repeating: 0, count: Self.longestStack)
        return threads.contains { thread in
            guard let length = try? SystemCall.kernelStack(of: thread, into: &stack), length > 0
            else { return false }
            return Self.functions(in: stack[..<length]).contains { name in
                Self.direct.contains { $0.elementsEqual(name) }
            }
        }
    }

    mutating func removeThoseElsewhere() {
        var stack = [UInt8](repeating: 0, count: Self.longestStack)
        threads = threads.filter { !isElsewhere($0, &stack) }
    }

    private func isElsewhere(_ thread: SystemCall.ThreadNumber, _ stack: inout [UInt8]) -> Bool {
        guard let length = try? SystemCall.kernelStack(of: thread, into: &stack) else {
            return true
        }
        if length == 0 {
            return !SystemCall.process(thread.process, mayRead: inodes)
        }
        guard Self.isReading(stack[..<length]) else { return true }
        // The thread sleeps in a read. It is elsewhere if that read is of another file; if the
        // kernel does not say, the read counts as of these files.
        guard let descriptor = SystemCall.descriptorBeingRead(by: thread),
            let other = SystemCall.inode(of: descriptor, of: thread)
        else { return false }
        return !inodes.contains(other)
    }

    /// Whether the lines, such as "[<0>] vfs_read+0xbb/0x360", show a read that no gate holds.
    static func isReading(_ stack: ArraySlice<UInt8>) -> Bool {
        var isReading = false
        for name in functions(in: stack) {
            if name.elementsEqual(held) { return false }
            isReading = isReading || reading.contains { $0.elementsEqual(name) }
        }
        return isReading
    }

    private static func functions(in stack: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        stack.split(separator: UInt8(ascii: "\n")).map { line in
            line.drop { $0 != UInt8(ascii: " ") }.dropFirst().prefix { $0 != UInt8(ascii: "+") }
        }
    }
}
