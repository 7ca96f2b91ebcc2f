internal import CKernelABI
internal import SystemPackage

/// mount(2), umount2(2) and their helper for users other than root.
enum MountCalls {
    /// The helper's standard error.
    struct HelperFailure: Error {
        let errno: Errno
        let message: String
    }

    static func mount(
        source: String, at target: FilePath, type: String, flags: UInt32, options: String
    ) throws(Errno) {
        let result = unsafe target.withPlatformString { target in
            unsafe bpio_mount(source, target, type, flags, options)
        }
        guard result >= 0 else { throw Errno(rawValue: -result) }
    }

    static func unmount(_ target: FilePath, flags: Int32) throws(Errno) {
        let result = unsafe target.withPlatformString { unsafe bpio_umount($0, flags) }
        guard result >= 0 else { throw Errno(rawValue: -result) }
    }

    static func mountByHelper(
        _ program: FilePath, options: String, at target: FilePath
    ) throws(HelperFailure) -> FUSEDevice {
        let descriptor = try unsafe withMessage { message, capacity in
            unsafe program.withPlatformString { program in
                unsafe target.withPlatformString { target in
                    unsafe bpio_fusermount(program, options, target, message, capacity)
                }
            }
        }
        return FUSEDevice(owning: descriptor)
    }

    static func unmountByHelper(
        _ program: FilePath, _ target: FilePath, lazily: Bool
    ) throws(HelperFailure) {
        _ = try unsafe withMessage { message, capacity in
            unsafe program.withPlatformString { program in
                unsafe target.withPlatformString { target in
                    unsafe bpio_fusermount_unmount(
                        program, target, lazily ? 1 : 0, message, capacity)
                }
            }
        }
    }

    /// By the process that the channel leads to.
    static func unmount(by channel: Int32, lazily: Bool) throws(HelperFailure) {
        do throws(HelperFailure) {
            _ = try unsafe withMessage { message, capacity in
                unsafe bpio_unmounter_ask(channel, lazily ? 1 : 0, message, capacity)
            }
        } catch {
            guard error.message.isEmpty else { throw error }
            throw HelperFailure(
                errno: error.errno, message: "the process that unmounts is gone: \(error.errno)")
        }
    }

    private static func withMessage(
        _ body: (UnsafeMutablePointer<CChar>, Int) -> Int32
    ) throws(HelperFailure) -> Int32 {
        var bytes = [CChar](repeating: 0, count: 1024)
        let result = unsafe bytes.withUnsafeMutableBufferPointer { bytes -> Int32 in
            guard let start = bytes.baseAddress else { return -Errno.noMemory.rawValue }
            return unsafe body(start, bytes.count)
        }
        guard result >= 0 else {
            let text = bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            throw HelperFailure(
                errno: Errno(rawValue: -result), message: String(decoding: text, as: UTF8.self))
        }
        return result
    }
}
