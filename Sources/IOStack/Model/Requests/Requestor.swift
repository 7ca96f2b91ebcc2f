/// The party on whose behalf a request runs.
public struct Requestor: Sendable, Equatable {
    public enum Mode: Sendable, Equatable {
        /// A driver or the program that built the stack; Windows' `KernelMode`.
        case kernel
        case user
    }

    public let mode: Mode
    public let userID: UInt32
    public let groupID: UInt32
    public let processID: Int32
    /// May administer the volume: needed for VOLUME_STACK_PAUSE and VOLUME_STACK_RESUME.
    public let mayAdministerVolume: Bool

    public init(
        mode: Mode, userID: UInt32, groupID: UInt32, processID: Int32, mayAdministerVolume: Bool
    ) {
        self.mode = mode
        self.userID = userID
        self.groupID = groupID
        self.processID = processID
        self.mayAdministerVolume = mayAdministerVolume
    }

    /// The stack's own components.
    public static let kernel = Requestor(
        mode: .kernel, userID: 0, groupID: 0, processID: 0, mayAdministerVolume: true)

    /// A user's process. It administers the volume only if `administrator` is set.
    public static func user(
        _ userID: UInt32, group: UInt32 = 0, process: Int32 = 0, administrator: Bool = false
    ) -> Requestor {
        Requestor(
            mode: .user, userID: userID, groupID: group, processID: process,
            mayAdministerVolume: administrator)
    }
}
