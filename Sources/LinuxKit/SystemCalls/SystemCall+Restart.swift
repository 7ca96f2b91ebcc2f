internal import CKernelABI
internal import Glibc
package import SystemPackage

/// What a service needs to hand itself over to a process that it starts.
extension SystemCall {
    /// memfd_create(2): Memory without a name, read and written like a file.
    package static func memory(named name: String) throws(Errno) -> OwnedDescriptor {
        let number = try retryingInt { unsafe bpio_restart_memory(name) }
        return OwnedDescriptor(owning: FileDescriptor(rawValue: number))
    }

    /// posix_spawn(3): The program that lies where this process' own did, or the own one if none
    /// lies there.
    ///
    /// - Parameters:
    ///   - setting: NAME=VALUE, in its environment.
    ///   - descriptors: it has these files by the same numbers; they may be closed on exec here.
    /// - Returns: the process, a child of this one.
    package static func startSuccessor(
        _ arguments: [String], setting: String, inheriting descriptors: [Int32]
    ) throws(Errno) -> Int32 {
        var texts = unsafe arguments.map { unsafe strdup($0) }
        unsafe texts.append(nil)
        defer { unsafe texts.forEach { unsafe free($0) } }
        return try retryingInt {
            unsafe texts.withUnsafeBufferPointer { list in
                unsafe descriptors.withUnsafeBufferPointer { numbers in
                    guard let start = list.baseAddress, let first = numbers.baseAddress else {
                        return -Errno.invalidArgument.rawValue
                    }
                    return unsafe bpio_restart_start(start, setting, first, numbers.count)
                }
            }
        }
    }

    /// FD_CLOEXEC: No child of this process inherits the file.
    package static func closeOnExec(_ descriptor: FileDescriptor) throws(Errno) {
        _ = try retryingInt { bpio_restart_close_on_exec(descriptor.rawValue) }
    }

    /// _exit(2): Ends this process at once; nothing that it holds for others is given up first.
    package static func leave(with code: Int32) -> Never { _exit(code) }
}
