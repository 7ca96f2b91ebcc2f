internal import CKernelABI
internal import Glibc
package import SystemPackage

/// What a process needs that outlives a service, and the service that starts it.
extension SystemCall {
    /// The number of the socket in the guardian.
    package static let guardianChannel = FileDescriptor(rawValue: BPIO_GUARDIAN_CHANNEL)

    /// getpid(2).
    package static var ownProcess: Int32 { getpid() }

    /// getppid(2): The process that started this one, or took it over.
    package static var parentProcess: Int32 { getppid() }

    /// socketpair(2): Two ends of a channel for messages. A writer waits so long for room, and then
    /// throws EAGAIN.
    package static func channel(
        patience milliseconds: Int64
    ) throws(Errno) -> (first: FileDescriptor, second: FileDescriptor) {
        var (first, second): (Int32, Int32) = (-1, -1)
        _ = try retryingInt { unsafe bpio_guardian_pair(&first, &second, milliseconds) }
        return (FileDescriptor(rawValue: first), FileDescriptor(rawValue: second))
    }

    /// posix_spawn(3): This program anew, in a session of its own, without a terminal. Its argument
    /// 0 is what ps(1) shows.
    ///
    /// - Parameter channel: becomes ``guardianChannel`` there; stays open here.
    /// - Returns: the process.
    package static func startGuardian(
        _ arguments: [String], channel: FileDescriptor
    ) throws(Errno) -> Int32 {
        var texts = unsafe arguments.map { unsafe strdup($0) }
        unsafe texts.append(nil)
        defer { unsafe texts.forEach { unsafe free($0) } }
        return try retryingInt {
            unsafe texts.withUnsafeBufferPointer { list in
                guard let start = list.baseAddress else { return -Errno.invalidArgument.rawValue }
                return unsafe bpio_guardian_start(start, channel.rawValue)
            }
        }
    }

    /// Ends a child of this process at once, and waits for that.
    package static func killChild(_ child: Int32) { bpio_guardian_kill(child) }

    /// waitpid(2): Whether a child has ended; does not wait.
    package static func hasEnded(child: Int32) -> Bool { bpio_guardian_has_ended(child) != 0 }

    /// pidfd_open(2): A descriptor of a process, which can be read once the process has ended.
    package static func descriptor(ofProcess process: Int32) throws(Errno) -> OwnedDescriptor {
        let number = try retryingInt { bpio_guardian_process(process) }
        return OwnedDescriptor(owning: FileDescriptor(rawValue: number))
    }

    /// Ends the process of such a descriptor at once, and waits for that.
    package static func end(process: FileDescriptor) { bpio_guardian_end(process.rawValue) }

    /// sendmsg(2): A whole message, and a descriptor beside it.
    ///
    /// - Throws: EPIPE if nobody is at the other end, EAGAIN if there was no room in time.
    package static func send(
        message bytes: [UInt8], with file: FileDescriptor?, to socket: FileDescriptor
    ) throws(Errno) {
        _ = try retrying {
            unsafe bytes.withUnsafeBytes { bytes in
                guard let start = bytes.baseAddress else { return 0 }
                return unsafe bpio_guardian_send(
                    socket.rawValue, start, bytes.count, file?.rawValue ?? -1)
            }
        }
    }

    /// recvmsg(2): Waits for a whole message. The caller closes the descriptor that comes with it.
    ///
    /// - Returns: the message's length; 0 at the end.
    package static func receive(
        into buffer: inout [UInt8], from socket: FileDescriptor
    ) throws(Errno) -> (length: Int, file: FileDescriptor?) {
        var file: Int32 = -1
        let length = try retrying {
            unsafe buffer.withUnsafeMutableBytes { room in
                guard let start = room.baseAddress else { return 0 }
                return unsafe bpio_guardian_receive(socket.rawValue, start, room.count, &file)
            }
        }
        return (Int(length), file < 0 ? nil : FileDescriptor(rawValue: file))
    }

    /// dup3(2): `number` stands for the file from now on, in place of whatever it stood for.
    package static func place(
        _ file: FileDescriptor, at number: FileDescriptor
    ) throws(Errno) {
        _ = try retryingInt { bpio_guardian_place(file.rawValue, number.rawValue) }
    }

    /// F_DUPFD_CLOEXEC: A duplicate with the least free number from `least` on.
    package static func duplicate(
        _ file: FileDescriptor, from least: Int32
    ) throws(Errno) -> OwnedDescriptor {
        let number = try retryingInt { bpio_guardian_move(file.rawValue, least) }
        return OwnedDescriptor(owning: FileDescriptor(rawValue: number))
    }

    /// Lets no signal but SIGKILL reach this process, which must have one thread; gives it a name
    /// (15 bytes), and asks the kernel to spare it when memory is short.
    package static func settleAsGuardian(named name: String) {
        unsafe bpio_guardian_settle(name)
    }

    /// inotify(7): A watch that tells of the end of the file system whose root `path` is. Neither
    /// holds it.
    ///
    /// - Throws: ENOTCONN if the root's service is gone, EMFILE beyond
    ///   fs.inotify.max_user_instances.
    package static func watchEnd(of path: FilePath) throws(Errno) -> OwnedDescriptor {
        let watch = try unsafe withName(path) { unsafe bpio_guardian_watch($0) }
        return OwnedDescriptor(owning: FileDescriptor(rawValue: watch))
    }

    /// Whether the watched file system has ended.
    package static func hasEnded(_ watch: FileDescriptor) -> Bool {
        bpio_guardian_has_unmounted(watch.rawValue) != 0
    }

    /// poll(2): Which of three descriptors can be read or have ended, after at most so long; -1: no
    /// limit.
    package static func wait(
        _ first: FileDescriptor?, _ second: FileDescriptor?, _ third: FileDescriptor?,
        milliseconds: Int32
    ) throws(Errno) -> (first: Bool, second: Bool, third: Bool) {
        let ready = try retryingInt {
            bpio_guardian_wait(
                first?.rawValue ?? -1, second?.rawValue ?? -1, third?.rawValue ?? -1, milliseconds)
        }
        return (ready & 1 != 0, ready & 2 != 0, ready & 4 != 0)
    }

    /// write(2) to a group: Fails every read whose event somebody has read and nobody answered,
    /// with an errno that the kernel accepts.
    ///
    /// - Parameter limit: above the number of every descriptor that such an event can have.
    package static func failAll(
        below limit: Int, with error: Errno, of group: FileDescriptor
    ) {
        _ = bpio_gate_answer_all(group.rawValue, Int32(clamping: limit), error.rawValue)
    }
}
