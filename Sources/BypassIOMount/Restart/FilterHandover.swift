public import IOStack
internal import LinuxKit
internal import SystemPackage

/// Why a filter begins anew in another process: to follow "without what it knew:".
public struct FilterStateLost: Error, CustomStringConvertible {
    public let description: String
}

/// What filters know, from one process to the next (`StatefulFilter`). Whatever a filter does with
/// it, the restart goes on.
public enum FilterHandover {
    private final class Answer: Sendable {
        private let answer = Guarded<Result<[UInt8], any Error>?>(nil)
        private let given: EventCounter

        init() throws(Errno) { given = try EventCounter() }

        func give(_ bytes: Result<[UInt8], any Error>) {
            answer.withLock { $0 = bytes }
            given.raise()
        }

        /// nil: it did not come in time.
        func wait(_ limit: Duration) -> Result<[UInt8], any Error>? {
            let (seconds, attoseconds) = limit.components
            let milliseconds = Int32(
                clamping: seconds * 1000 + attoseconds / 1_000_000_000_000_000)
            _ = try? SystemCall.wait(given.descriptor, nil, nil, milliseconds: milliseconds)
            return answer.withLock { $0 }
        }
    }

    /// Bytes of a filter's state that fit into what is written down for a successor.
    private static let mostNoted = 512 << 10

    /// What a filter saves that saves little, and waits for nothing when it does; nil if it saves
    /// nothing. Any thread.
    public static func note(
        _ registration: FilterRegistration
    ) throws(FilterStateLost) -> SavedFilterState? {
        guard let state = registration.state else { return nil }
        let bytes: [UInt8]
        do {
            bytes = try state.save()
        } catch {
            throw FilterStateLost(description: "it did not save what it knows (\(error))")
        }
        guard bytes.count <= mostNoted else {
            throw FilterStateLost(
                description: "what it knows is too much to write down (\(bytes.count) bytes)")
        }
        return SavedFilterState(version: state.version, bytes: bytes)
    }

    /// What a filter saves; nil if it saves nothing, as most filters. Waits for it. Any thread.
    ///
    /// - Parameters:
    ///   - registration: the filter's.
    ///   - limit: how long it may take.
    public static func save(
        _ registration: FilterRegistration, within limit: Duration = .seconds(2)
    ) throws(FilterStateLost) -> SavedFilterState? {
        guard let state = registration.state else { return nil }
        let given: Result<[UInt8], any Error>?
        do throws(Errno) {
            let answer = try Answer()
            // A filter that never returns keeps no thread but this one.
            try OwnThread.start(named: "filter state") {
                answer.give(Result { try state.save() })
            }.detach()
            given = answer.wait(limit)
        } catch {
            given = .failure(error)
        }
        switch given {
        case .success(let bytes)?:
            guard bytes.count <= SavedFilterState.capacity else {
                throw FilterStateLost(
                    description: "it is too much to save (\(bytes.count) bytes)")
            }
            return SavedFilterState(version: state.version, bytes: bytes)
        case .failure(let error)?:
            throw FilterStateLost(description: "it did not save it (\(error))")
        case nil: throw FilterStateLost(description: "it did not save it in time")
        }
    }

    /// Gives a filter that was just made what another saved. After a failure the filter must not be
    /// attached: another has to be made in its place.
    ///
    /// - Parameters:
    ///   - saved: by a filter of that name.
    ///   - registration: the new filter's.
    public static func restore(
        _ saved: SavedFilterState, to registration: FilterRegistration
    ) throws(FilterStateLost) {
        guard let state = registration.state else {
            throw FilterStateLost(description: "this version of it takes nothing")
        }
        guard state.version == saved.version else {
            throw FilterStateLost(
                description: "it was saved in version \(saved.version), "
                    + "and this one takes \(state.version)")
        }
        do {
            try state.restore(saved.bytes)
        } catch {
            throw FilterStateLost(description: "it did not understand it (\(error))")
        }
    }
}
