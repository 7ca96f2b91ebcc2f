/// What IRP_MJ_QUERY_INFORMATION asks.
public enum InformationQuery: Sendable, Equatable {
    /// Everything `stat` tells.
    case all
    /// What a symbolic link holds.
    case linkTarget
    /// The next data (`SEEK_DATA`) or hole (`SEEK_HOLE`) from an offset in bytes.
    case nextData(from: UInt64)
    case nextHole(from: UInt64)
}
