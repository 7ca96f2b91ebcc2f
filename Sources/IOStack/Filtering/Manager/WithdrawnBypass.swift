/// What an instance has withdrawn bypass from, and the vetoes that stand for its filter meanwhile.
///
/// Of a file it is kept by what file it is, not by its stream: a file that everybody closes and
/// somebody opens again is withdrawn still. A later file with the same number is another one, where
/// the file system tells when files were made.
///
/// Lock order: a leaf.
struct WithdrawnBypass: ~Copyable, Sendable {
    struct FileVeto: Sendable {
        let birthTime: FileTime?
        let veto: BypassVeto
    }

    struct State: Sendable {
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

    /// The file's own, or that of the whole volume.
    func veto(of stream: Stream) -> BypassVeto? {
        state.withLockIfUsed { $0?.veto(of: stream) } ?? nil
    }

    /// That of the whole volume.
    var volumeVeto: BypassVeto? { state.withLockIfUsed { $0?.volume } ?? nil }

    /// nil ends it. Without a stream it is the whole volume's.
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
