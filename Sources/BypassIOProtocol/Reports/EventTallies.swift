/// How often events of each kind happened since the service began, told or only counted.
public struct EventTallies: Sendable, Equatable {
    public var byKind: [ServiceEvent.Kind: UInt64] = [:]
    /// Events that readers who came late asked for and that were kept no more.
    public var lost: UInt64 = 0

    public init() {}
}
