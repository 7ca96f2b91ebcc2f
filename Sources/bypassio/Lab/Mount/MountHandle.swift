import CKernelABI
import Foundation
import IOStack
import SystemPackage

/// A descriptor of a file on the mount.
///
/// Any thread may call; a closed handle throws EBADF.
final class MountHandle: Sendable {
    /// The user for steps of a user without rights.
    private static let nobody: UInt32 = 65534

    let path: String?
    let isOrdinaryUser: Bool
    private struct State {
        var descriptor: FileDescriptor?
        var mapping: (start: UInt, length: Int)?
    }
    private let state: Guarded<State>

    init(_ descriptor: FileDescriptor, path: String?, isOrdinaryUser: Bool) {
        self.path = path
        self.isOrdinaryUser = isOrdinaryUser
        state = Guarded(State(descriptor: descriptor))
    }

    /// Runs `body` with the descriptor, as the user that opened it.
    func use<R>(_ body: (FileDescriptor) throws(Errno) -> R) throws(Errno) -> R {
        guard let descriptor = state.withLock({ $0.descriptor }) else {
            throw .badFileDescriptor
        }
        return try Self.asUser(isOrdinaryUser) { () throws(Errno) in try body(descriptor) }
    }

    /// Runs `body` on this thread, as nobody if requested. Needs root.
    static func asUser<R>(
        _ isOrdinaryUser: Bool, _ body: () throws(Errno) -> R
    ) throws(Errno) -> R {
        guard isOrdinaryUser else { return try body() }
        let before = bpio_set_file_system_user(nobody)
        defer { _ = bpio_set_file_system_user(before) }
        return try body()
    }

    /// Neither open nor mapped, so the kernel releases the file.
    var isGone: Bool { state.withLock { $0.descriptor == nil && $0.mapping == nil } }

    /// The first call closes; later calls do nothing. A mapping stays.
    func close() {
        let descriptor = state.withLock { $0.descriptor.take() }
        try? descriptor?.close()
    }

    // MARK: Mappings

    /// Maps the whole file shared and reads its first byte.
    func map() throws(Errno) {
        let (start, length) = try use { descriptor throws(Errno) in
            let length = 4096
            let start = unsafe mmap(nil, length, PROT_READ, MAP_SHARED, descriptor.rawValue, 0)
            guard let start = unsafe start, unsafe start != MAP_FAILED else {
                throw Errno(rawValue: errno)
            }
            _ = unsafe start.load(as: UInt8.self)
            return (UInt(bitPattern: start), length)
        }
        state.withLock { $0.mapping = (start, length) }
    }

    func unmap() {
        let mapping = state.withLock { $0.mapping.take() }
        guard let mapping else { return }
        _ = unsafe munmap(UnsafeMutableRawPointer(bitPattern: mapping.start), mapping.length)
    }
}
