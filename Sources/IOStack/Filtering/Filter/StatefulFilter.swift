/// A filter that keeps what it knows when the service of its volumes is replaced by another process
/// (docs/restart.md). Any other filter is made and attached anew.
///
/// ```swift
/// extension ReadCounter: StatefulFilter {
///     var stateVersion: UInt32 { 1 }
///     func savedState() -> [UInt8] { Array(String(reads.load(ordering: .relaxed)).utf8) }
///     func restore(_ state: [UInt8]) throws {
///         guard let count = Int(String(decoding: state, as: UTF8.self)) else {
///             throw NTStatus.invalidParameter
///         }
///         reads.store(count, ordering: .relaxed)
///     }
/// }
/// ```
///
/// The bytes come from another process, perhaps of another version of the program: a filter checks
/// all of them. A filter whose methods throw, take longer than two seconds or save more than
/// ``SavedFilterState/capacity`` bytes is made anew, which the service's log says.
public protocol StatefulFilter: Filter {
    /// Of the form that ``savedState()`` writes. ``restore(_:)`` gets states of this version alone.
    var stateVersion: UInt32 { get }

    /// What the filter knows. Called once, on any thread, when no request of a program is under
    /// way but such as wait; these are sent again to the new process. The filter may have to go on:
    /// the restart may still be refused.
    func savedState() throws -> [UInt8]

    /// Takes what another process' filter with the same settings saved. Called before the filter is
    /// attached. If it throws, another filter is made in its place.
    ///
    /// - Parameter state: at most ``SavedFilterState/capacity`` bytes.
    func restore(_ state: [UInt8]) throws
}

/// What a filter saved for another process.
public struct SavedFilterState: Sendable, Hashable {
    /// In bytes.
    public static let capacity = 16 << 20

    /// ``StatefulFilter/stateVersion``.
    public var version: UInt32
    public var bytes: [UInt8]

    public init(version: UInt32, bytes: [UInt8]) {
        self.version = version
        self.bytes = bytes
    }
}

/// Saves and restores a filter's state (``StatefulFilter``).
public struct FilterStateCallbacks: Sendable {
    public var version: UInt32
    public var save: @Sendable () throws -> [UInt8]
    public var restore: @Sendable ([UInt8]) throws -> Void

    /// - Parameters:
    ///   - version: ``StatefulFilter/stateVersion``.
    ///   - save: ``StatefulFilter/savedState()``.
    ///   - restore: ``StatefulFilter/restore(_:)``.
    public init(
        version: UInt32, save: @escaping @Sendable () throws -> [UInt8],
        restore: @escaping @Sendable ([UInt8]) throws -> Void
    ) {
        self.version = version
        self.save = save
        self.restore = restore
    }

    init?(_ filter: any Filter) {
        guard let filter = filter as? any StatefulFilter else { return nil }
        self.init(
            version: filter.stateVersion, save: { try filter.savedState() },
            restore: { try filter.restore($0) })
    }
}
