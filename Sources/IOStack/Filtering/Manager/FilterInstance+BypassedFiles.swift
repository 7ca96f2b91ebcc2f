import BypassIOProtocol

extension FilterInstance {
    /// The file objects of the volume that have bypass enabled, paused ones included, in no order.
    ///
    /// For a filter that comes later than they: their ENABLEs did not pass it. Asked at or after
    /// ``FilterRegistration/instanceSetupComplete``, the list has every file object whose ENABLE
    /// the filter did not see; every other ENABLE passes it, those under way by being asked again.
    /// (Windows leaves a filter to walk the volume's streams with `FsRtlGetBypassIoOpenCount`.)
    /// Empty once the instance is being detached.
    public var bypassedFiles: [FileObject] {
        isAttached ? volume.bypassedFiles : []
    }

    /// Sends STREAM_PAUSE from below this instance for every file of the volume that has bypass,
    /// and has the ENABLEs under way ask again from where they began. For a filter that vetoes
    /// every file's ENABLE and QUERY from now on: when this returns, no read goes past it until a
    /// resume that its veto does not refuse. The low level:
    /// ``Bypass-swift.struct/withdraw(_:reason:)`` vetoes as well, and is let go of by a detach.
    ///
    /// All files are paused, and then the first failure thrown, such as that of a host that will
    /// not stop the kernel's own reads; `NTStatus.fltDeletingObject` once the instance is being
    /// detached.
    public func pauseBypass() throws(IOFailure) {
        guard rundown.enter() else { throw IOFailure(.fltDeletingObject) }
        defer { rundown.leave() }
        try pauseAll { _ in }
    }

    /// Within the rundown. Tells of each stream that it paused.
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
                // Others of the stream come by themselves.
            } catch {
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
    }

    /// Sends STREAM_RESUME to the top of the stack for every paused file of the volume, each of
    /// which is then asked about. For a filter that vetoes no longer, or that is being detached.
    public func resumeBypass() {
        var asked = Set<ObjectIdentifier>()
        for file in volume.bypassedFiles
        where file.stream.isPaused && !asked.contains(ObjectIdentifier(file.stream)) {
            // That of a file closed meanwhile fails.
            guard (try? file.bypassIO(.streamResume, requestor: .kernel)) != nil else { continue }
            asked.insert(ObjectIdentifier(file.stream))
        }
    }
}
