import BypassIOProtocol

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

extension FilterInstance {
    /// The file objects of the volume that have bypass enabled, paused ones included, in no order.
    ///
    /// For a filter that came after the file objects: their ENABLEs did not pass it. If the filter
    /// asks at or after ``FilterRegistration/instanceSetupComplete``, the list has every file
    /// object whose ENABLE it did not see. Every other ENABLE passes the filter, because those
    /// under way are asked again. (Windows leaves a filter to walk the volume's streams with
    /// `FsRtlGetBypassIoOpenCount`.) Empty once the instance is being detached.
    public var bypassedFiles: [FileObject] {
        isAttached ? volume.bypassedFiles : []
    }

    /// Sends STREAM_PAUSE from below this instance for every file of the volume that has bypass,
    /// and has the ENABLEs under way ask again from where they began. For a filter that vetoes
    /// every file's ENABLE and QUERY from now on: when this returns, no read goes past the filter
    /// until a resume that it does not refuse. This is the low level:
    /// ``Bypass-swift.struct/withdraw(_:reason:)`` also vetoes, and ends with a detach.
    ///
    /// All files are paused before the first failure is thrown, such as the error of a host that
    /// will not stop the kernel's reads. Throws `NTStatus.fltDeletingObject` once the instance is
    /// being detached.
    public func pauseBypass() throws(IOFailure) {
        guard rundown.enter() else { throw IOFailure(.fltDeletingObject) }
        defer { rundown.leave() }
        try pauseAll { _ in }
    }

    /// Called within the rundown. Reports each stream that it paused.
    func pauseAll(_ didPause: (Stream) -> Void) throws(IOFailure) {
        var paused = Set<ObjectIdentifier>()
        var failure: IOFailure?
        for file in volume.withdrawFromEnables()
        where !paused.contains(ObjectIdentifier(file.stream)) {
            do throws(IOFailure) {
                _ = try bypassIO(.streamPause, on: file)
                paused.insert(ObjectIdentifier(file.stream))
                didPause(file.stream)
            } catch  where error.status == .fileClosed {
                // The stream's other file objects are in the list, too.
            } catch {
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
    }

    /// Sends STREAM_RESUME to the top of the stack for every paused file of the volume; each is
    /// then asked about. For a filter that vetoes no longer, or that is being detached.
    public func resumeBypass() {
        var asked = Set<ObjectIdentifier>()
        for file in volume.bypassedFiles
        where file.stream.isPaused && !asked.contains(ObjectIdentifier(file.stream)) {
            // A resume fails on a file object that was closed meanwhile.
            guard (try? file.bypassIO(.streamResume, requestor: .kernel)) != nil else { continue }
            asked.insert(ObjectIdentifier(file.stream))
        }
    }
}
