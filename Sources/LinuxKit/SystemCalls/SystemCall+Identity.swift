internal import CKernelABI

extension SystemCall {
    /// The identity of the calling thread's file-system calls.
    package struct Caller: Sendable, Hashable {
        /// The arguments of setfsuid(2) and setfsgid(2).
        package var user: UInt32
        package var group: UInt32

        package init(user: UInt32, group: UInt32) {
            self.user = user
            self.group = group
        }
    }

    /// Whether this process can act on behalf of others: it is root, and may change identities.
    package static var canActForOthers: Bool { bpio_identity_is_possible() != 0 }

    /// setfsuid(2), and capset(2) without CAP_SYS_RESOURCE, around calls of the calling thread. The
    /// kernel judges owners, quotas and space kept for root by `caller`; nil is this process.
    /// Rights over files stay as they are. Within another such call, or in a process that is not
    /// root, it just runs `body`.
    ///
    /// - Parameter makesNames: setfsgid(2), too.
    @inlinable
    package static func acting<R, E: Error>(
        for caller: Caller?, makesNames: Bool, _ body: () throws(E) -> R
    ) throws(E) -> R {
        let isGroupTaken = makesNames && caller != nil
        let taken = bpio_identity_take(
            caller?.user ?? 0, caller?.group ?? 0, isGroupTaken ? 1 : 0)
        defer { bpio_identity_leave(taken) }
        return try body()
    }
}
