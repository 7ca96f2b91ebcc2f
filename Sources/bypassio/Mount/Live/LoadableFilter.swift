import IOStack

/// A shipped filter that was made with settings.
struct LoadableFilter: Sendable {
    let registration: FilterRegistration
    /// Changes a setting while the filter is attached; nil where none can be. Throws a
    /// ``CommandError`` for a wrong value, ``NTStatus`` where the stack refuses, and
    /// ``FixedSetting``.
    var change: (@Sendable (_ key: String, _ value: String) throws -> Void)?

    /// As they are at this moment; nil where they are what was said last.
    var settings: (@Sendable () -> [String: String])?

    /// A setting that holds from the load on.
    struct FixedSetting: Error {}
}
