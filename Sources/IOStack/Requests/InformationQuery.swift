public import SystemPackage

/// What IRP_MJ_QUERY_INFORMATION asks.
public enum InformationQuery: Sendable, Equatable {
    /// Everything `stat` tells.
    case all
    /// What `stat` tells, without the attributes that BypassIO asks for: one system call below.
    case status
    /// The same of a name in the file object's directory, without opening it and without following
    /// a link (`NtQueryInformationByName`).
    case entry(FilePath.Component)
    /// What a symbolic link holds.
    case linkTarget
    /// The next data (`SEEK_DATA`) or hole (`SEEK_HOLE`) from an offset in bytes.
    case nextData(from: UInt64)
    case nextHole(from: UInt64)
    /// What `lsattr` shows.
    case flags(FileFlags.Form)
}
