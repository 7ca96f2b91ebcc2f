/// Which cached use of a file keeps its handles off the bypass route (spec 4.6). Neither lets a
/// bypassed read return stale bytes.
public enum SuspensionPolicy: String, Sendable, CaseIterable {
    /// Windows' rule: every cached or mapped use, until that handle and its mappings are gone.
    case strict
    /// Only a use that can hold data newer than the backing file: one that may write, until that
    /// handle and its mappings are gone. Whoever only reads through a cache suspends nothing.
    case dirty
}
