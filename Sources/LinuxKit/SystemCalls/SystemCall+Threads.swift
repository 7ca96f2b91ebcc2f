internal import CKernelABI
package import SystemPackage

// Threads of any process, as the kernel shows them (proc(5)). All need the right to trace the
// process (CAP_SYS_PTRACE), or it must be the caller's own.
extension SystemCall {
    /// How often a thread of any process got a processor (schedstat in proc(5)); nil once it is
    /// gone, or if the kernel does not count.
    package static func runs(of thread: UInt32) -> UInt64? {
        var text = [UInt8](repeating: 0, count: 128)
        guard let file = try? open(FilePath("/proc/\(thread)/schedstat"), .readOnly),
            let count = try? read(file.descriptor, into: &text, at: 0)
        else { return nil }
        let line = text[..<count].prefix { $0 != UInt8(ascii: "\n") }
        guard let last = line.split(separator: UInt8(ascii: " ")).last else { return nil }
        return UInt64(String(decoding: last, as: UTF8.self))
    }

    /// A thread of any process.
    package struct ThreadNumber: Sendable, Hashable {
        package var process: UInt32
        package var thread: UInt32

        fileprivate var path: String { "/proc/\(process)/task/\(thread)" }
    }

    /// The threads that the kernel shows, read one after the other.
    package static func allThreads() throws(Errno) -> [ThreadNumber] {
        var buffer = [UInt8](repeating: 0, count: 32768)
        var threads: [ThreadNumber] = []
        for process in try numbers(in: "/proc", &buffer) {
            // A process that has ended meanwhile has none.
            for thread in (try? numbers(in: "/proc/\(process)/task", &buffer)) ?? [] {
                threads.append(ThreadNumber(process: process, thread: thread))
            }
        }
        return threads
    }

    /// The threads of this process; none where /proc does not show them.
    package static func ownThreads() -> [UInt32] {
        var buffer = [UInt8](repeating: 0, count: 32768)
        return (try? numbers(in: "/proc/self/task", &buffer)) ?? []
    }

    /// The processes that the kernel shows.
    package static func processes() throws(Errno) -> [UInt32] {
        var buffer = [UInt8](repeating: 0, count: 32768)
        return try numbers(in: "/proc", &buffer)
    }

    /// The fdinfo of each fanotify group that a process has open; empty if the caller may not look
    /// into the process, or it has ended.
    package static func informationOfFanotifyGroups(of process: UInt32) -> [[UInt8]] {
        let files = "/proc/\(process)/fd"
        var buffer = [UInt8](repeating: 0, count: 32768)
        let descriptors = (try? numbers(in: files, &buffer)) ?? []
        return descriptors.compactMap { descriptor in
            let target = try? readLink(FilePath("\(files)/\(descriptor)"))
            guard target == Array("anon_inode:[fanotify]".utf8) else { return nil }
            return try? KernelFile.bytes(
                of: FilePath("/proc/\(process)/fdinfo/\(descriptor)"), limit: 1 << 20)
        }
    }

    /// The kernel functions that a thread is within, innermost first, as the lines of its stack
    /// file; empty while it runs.
    ///
    /// - Parameters:
    ///   - thread: nil for the calling thread.
    ///   - buffer: for the lines, from its beginning.
    /// - Returns: the bytes of the lines; lines without room are left out.
    /// - Throws: ENOENT and ESRCH once the thread is gone, and if the kernel shows no stacks
    ///   (CONFIG_STACKTRACE); EACCES.
    package static func kernelStack(of thread: ThreadNumber?, into buffer: inout [UInt8])
        throws(Errno)
        -> Int
    {
        let file = try open(FilePath("\(thread?.path ?? "/proc/thread-self")/stack"), .readOnly)
        return try read(file.descriptor, into: &buffer, at: 0)
    }

    /// The descriptor that a thread sleeps on in a call that reads; nil if it does not, or if the
    /// kernel does not show it (a worker of io_uring, a program for another architecture).
    package static func descriptorBeingRead(by thread: ThreadNumber) -> UInt32? {
        guard let line = try? KernelFile.bytes(of: FilePath("\(thread.path)/syscall"), limit: 4096)
        else { return nil }
        // The call, its six arguments, the stack pointer and the program counter.
        let fields = line.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
        guard fields.count == 9, let call = Int64(String(decoding: fields[0], as: UTF8.self))
        else { return nil }
        let numbers = fields[1...].map { field in
            UInt64(String(decoding: field.dropFirst(2), as: UTF8.self), radix: 16)
        }
        let argument = Int(bpio_gate_read_argument(call))
        // Workers of io_uring have no program to return to.
        guard argument >= 0, let counter = numbers[7], counter != 0,
            let descriptor = numbers[argument]
        else { return nil }
        return UInt32(truncatingIfNeeded: descriptor)
    }

    /// The inode number of a thread's open descriptor; nil if it has no such descriptor.
    package static func inode(of descriptor: UInt32, of thread: ThreadNumber) -> UInt64? {
        inode(in: FilePath("\(thread.path)/fdinfo/\(descriptor)"))
    }

    /// Whether a process has a file with one of these inode numbers open, or an io_uring, which may
    /// hold the file without a descriptor.
    package static func process(_ process: UInt32, mayRead inodes: Set<UInt64>) -> Bool {
        let files = "/proc/\(process)/fd"
        var buffer = [UInt8](repeating: 0, count: 32768)
        guard let descriptors = try? numbers(in: files, &buffer) else { return false }
        return descriptors.contains { descriptor in
            let information = FilePath("/proc/\(process)/fdinfo/\(descriptor)")
            if let inode = inode(in: information), inodes.contains(inode) { return true }
            let target = try? readLink(FilePath("\(files)/\(descriptor)"))
            return target == Array("anon_inode:[io_uring]".utf8)
        }
    }

    private static func inode(in information: FilePath) -> UInt64? {
        guard let text = try? KernelFile.bytes(of: information, limit: 4096) else { return nil }
        let name = Array("ino:".utf8)
        guard
            let line = text.split(separator: UInt8(ascii: "\n")).first(where: {
                $0.starts(with: name)
            })
        else { return nil }
        return UInt64(
            String(decoding: line.dropFirst(name.count).filter { $0 > 0x20 }, as: UTF8.self))
    }

    /// The names in a directory that are numbers.
    private static func numbers(
        in directory: String, _ buffer: inout [UInt8]
    ) throws(Errno) -> [UInt32] {
        let folder = try open(FilePath(directory), [.readOnly, .directory])
        var numbers: [UInt32] = []
        while true {
            let filled = try directoryRecords(of: folder.descriptor, into: &buffer)
            if filled == 0 { return numbers }
            var records = DirectoryRecords(length: filled)
            while let record = unsafe records.next(in: buffer.span.bytes) {
                let name = buffer[record.name]
                if let number = UInt32(String(decoding: name, as: UTF8.self)) {
                    numbers.append(number)
                }
            }
        }
    }
}
