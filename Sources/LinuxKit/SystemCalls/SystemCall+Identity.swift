internal import CKernelABI

extension SystemCall {
    /// Whose file-system calls the calling thread makes.
    package struct Caller: Sendable, Hashable {
        /// What setfsuid(2) and setfsgid(2) are given.
        package var user: UInt32
        package var group: UInt32

        package init(user: UInt32, group: UInt32) {
            self.user = user
            self.group = group
        }
    }

    /// Whether this process can act on behalf of others: it is root, and may change identities.
    package static var canActForOthers: Bool { bpio_identity_is_possible() != 0 }

    /// setfsuid(2), and capset(2) without CAP_SYS_RESOURCE, around calls of the calling thread:
    /// owners, quotas and space kept for root are judged by `caller`, nil being this process.
    /// Rights over files stay as they are. Within another such call it just runs `body`, as for a
    /// process that is not root.
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
