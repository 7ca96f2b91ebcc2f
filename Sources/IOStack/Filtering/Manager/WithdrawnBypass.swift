/// The files from which an instance has withdrawn bypass, and the vetoes that stand for its filter
/// meanwhile.
///
/// A veto of a file is kept by the file's identity, not by its stream. So the withdrawal holds
/// although the file is closed and opened again. A later file with the same number counts as
/// another file if the file system tells when files were made.
///
/// Lock order: a leaf.
struct WithdrawnBypass: ~Copyable, Sendable {
    struct FileVeto: Hashable, Sendable {
        let birthTime: FileTime?
        let veto: BypassVeto
    }

    /// Hashable for the search through every order.
    struct State: Hashable, Sendable {
        var volume: BypassVeto?
        var files: [FileID: FileVeto] = [:]

        func veto(of stream: Stream) -> BypassVeto? {
            guard let file = files[stream.id], file.birthTime == stream.birthTime else {
                return volume
            }
            return file.veto
        }
    }

    private let state = GuardedOnDemand<State>()

    /// The filter uses its instance's ``FilterInstance/Bypass-swift.struct``, or did so once.
    var isUsed: Bool { state.isMade }

    func use() { change { _ in } }

    /// The file's own veto, or that of the whole volume.
    func veto(of stream: Stream) -> BypassVeto? {
        state.withLockIfUsed { $0?.veto(of: stream) } ?? nil
    }

    /// The veto of the whole volume.
    var volumeVeto: BypassVeto? { state.withLockIfUsed { $0?.volume } ?? nil }

    /// Sets the veto of a stream, or of the whole volume if `stream` is nil. A nil veto ends it.
    func set(_ veto: BypassVeto?, of stream: Stream?) {
        change { state in
            guard let stream else {
                state.volume = veto
                return
            }
            state.files[stream.id] = veto.map { FileVeto(birthTime: stream.birthTime, veto: $0) }
        }
    }

    func removeAll() { change { $0 = State() } }

    private func change(_ body: (inout State) -> Void) {
        state.withLock { state in
            var changed = state.take() ?? State()
            body(&changed)
            state = changed
        }
    }
}
