public import BypassIOProtocol

extension FilterInstance {
    /// Taking bypass back, and giving it again.
    public var bypass: Bypass { Bypass(instance: self) }

    /// A filter that has let bypass pass and needs to see reads again, as spec 4.4 has it: the veto first,
    /// then the pause, then whatever it is for.
    ///
    /// ```swift
    /// try instance.bypass.withdraw(from: file, .notSupportedWithMonitoring, reason: "It is being rewritten.")
    /// // From here on every read of the file passes the filter.
    /// instance.bypass.restore(to: file)
    /// ```
    ///
    /// A withdrawal is two things. A veto stands in the filter's place in the stack, against every ENABLE
    /// and QUERY, that of anybody's STREAM_RESUME among them; the filter itself is not asked meanwhile. And
    /// each file that has bypass, also one that had it before the filter came, is paused from below the
    /// instance: when ``withdraw(_:reason:)`` returns, no read is past the filter and none gets there. An
    /// ENABLE that had passed the filter before is asked again from the top and meets the veto, so a filter
    /// counts nothing.
    ///
    /// **A failure.** Reads that are past the filter are waited for, but not for ever
    /// (``Volume/drainLimit``): then a withdrawal throws STATUS_IO_TIMEOUT, or STATUS_CANCELLED where the
    /// program was interrupted on whose behalf it waited, or what the host said that would not stop the
    /// kernel's own reads. The veto stands all the same, and so nobody gets bypass anew. The pause of the file
    /// that failed was taken back, unless another stands: reads of it may still go past. The others are
    /// paused. The filter withdraws again, or gives it up with ``restore()``.
    ///
    /// **The end.** A restore takes the veto away and sends STREAM_RESUME to the top of the stack for the
    /// files that the instance paused, and for those whose resume anybody refused meanwhile, who may have
    /// been this filter. Files that others paused stay as they are. A file that another filter has something
    /// against stays paused, too. A pause of a program on a file that the instance paused as well ends with
    /// it: pauses are not counted (spec 4.4). A detach lets go by itself, after the last callback and before
    /// the teardown is complete.
    ///
    /// **Threads.** Any, several at once: the last to be called has its way. Also from callbacks, for it
    /// holds no lock while it waits or asks; not from `instanceSetup` (``Filter/willAttach(_:_:)``), where no
    /// control may be sent. Not with a lock held that a callback of the filter wants. A callback that lets an
    /// ENABLE past must not withdraw, pause or restore that file: the ENABLE would be asked again without
    /// end, and a resume asks that same callback.
    public struct Bypass: Sendable {
        let instance: FilterInstance

        /// File objects of the volume that have bypass, paused ones included:
        /// ``FilterInstance/bypassedFiles``.
        public var files: [FileObject] { instance.bypassedFiles }

        /// Withdrawn from every file of the volume.
        public var isWithdrawn: Bool { instance.withdrawn.volumeVeto != nil }

        /// Withdrawn from this file, alone or with all others.
        public func isWithdrawn(from stream: Stream) -> Bool {
            instance.withdrawn.veto(of: stream) != nil
        }

        /// Withdraws it from every file of the volume, in place of an earlier veto if there is one.
        ///
        /// - Parameters:
        ///   - status: an error; what Windows has for the purpose begins with ``NTStatus/notSupportedWithBypassIO``.
        ///   - reason: one English sentence, cut to 128 UTF-16 units.
        /// - Throws: ``NTStatus/invalidParameter3`` or ``NTStatus/invalidParameter4``, and nothing changes,
        ///   for a status that is no error or an empty reason; ``NTStatus/fltDeletingObject`` once the
        ///   instance is being detached; a pause's failure, as described above.
        public func withdraw(_ status: NTStatus, reason: String) throws(IOFailure) {
            try instance.withdraw(from: nil, status, reason)
        }

        /// Withdraws it from one file, through whichever handles it is read. It lasts until
        /// ``restore(to:)``, or the detach, also if the file is closed and opened again meanwhile.
        ///
        /// As ``withdraw(_:reason:)``; ``NTStatus/invalidParameter`` for a file of another volume.
        public func withdraw(
            from file: FileObject, _ status: NTStatus, reason: String
        ) throws(IOFailure) {
            try instance.withdraw(from: file, status, reason)
        }

        /// Ends the withdrawal from every file. What was withdrawn from single files stays so.
        public func restore() {
            guard instance.hasUsedBypass else { return }
            instance.withdrawn.set(nil, of: nil)
            instance.resumeWhatMayBypass()
        }

        /// Ends the withdrawal from one file, of which `file` may be closed. While it is withdrawn from every
        /// file, it stays paused with them.
        public func restore(to file: FileObject) {
            guard instance.hasUsedBypass, file.volume === instance.volume else { return }
            instance.withdrawn.set(nil, of: file.stream)
            instance.resume(file)
        }

        /// Pauses one file for a filter whose own answer (``BypassFilter/bypass(_:)``) is a veto already:
        /// the second half of a withdrawal, with everything that is said there of the first but that
        /// anybody's STREAM_RESUME asks the filter and ends the pause if that lets it.
        ///
        /// Also where nobody has bypass: then ENABLEs under way ask again, and reads that outlive a DISABLE
        /// are waited for. Throws ``NTStatus/fileClosed`` for a file object whose cleanup is over while
        /// somebody may have bypass: a request about it is not worth a pause.
        public func pause(_ file: FileObject) throws(IOFailure) {
            guard file.volume === instance.volume else { throw IOFailure(.invalidParameter) }
            try instance.whileAttached { () throws(IOFailure) in
                guard try instance.pause(through: file) else { throw IOFailure(.fileClosed) }
            }
        }

        /// The same for every file that has bypass.
        public func pause() throws(IOFailure) {
            try instance.whileAttached { () throws(IOFailure) in
                try instance.pauseAll { instance.note($0) }
            }
        }

        /// Has a file asked about that the instance paused, and bypass again if nobody refuses.
        public func resume(_ file: FileObject) {
            guard instance.hasUsedBypass, file.volume === instance.volume else { return }
            instance.resume(file)
        }

        /// The same for every file that the instance paused.
        public func resume() {
            guard instance.hasUsedBypass else { return }
            instance.resumeWhatMayBypass()
        }
    }
}

extension FilterInstance {
    /// nil: from every file.
    fileprivate func withdraw(
        from file: FileObject?, _ status: NTStatus, _ reason: String
    ) throws(IOFailure) {
        guard status.isError else { throw IOFailure(.invalidParameter3) }
        guard !reason.isEmpty else { throw IOFailure(.invalidParameter4) }
        if let file, file.volume !== volume { throw IOFailure(.invalidParameter) }
        let veto = BypassVeto(driver: filter.name, status: status, reason: reason)
        try whileAttached { () throws(IOFailure) in
            withdrawn.set(veto, of: file?.stream)
            volume.askAboutBypass(self)
            // Whoever restored it meanwhile did not find the pause that came after.
            defer { if !isStillWithdrawn(from: file) { resumeWhatMayBypass() } }
            if let file { try pause(file) } else { try pauseAll { note($0) } }
        }
    }

    /// Until the pauses are noted: the detach that waits for this lets go of them.
    fileprivate func whileAttached(_ body: () throws(IOFailure) -> Void) throws(IOFailure) {
        guard rundown.enter() else { throw IOFailure(.fltDeletingObject) }
        defer { rundown.leave() }
        withdrawn.use()
        try body()
    }

    /// Otherwise there is nothing to give back, or the detach does it.
    fileprivate var hasUsedBypass: Bool { isAttached && withdrawn.isUsed }

    private func isStillWithdrawn(from file: FileObject?) -> Bool {
        guard let file else { return withdrawn.volumeVeto != nil }
        return withdrawn.veto(of: file.stream) != nil
    }

    /// Pauses the stream of `file` through that or another handle.
    private func pause(_ file: FileObject) throws(IOFailure) {
        var sender: FileObject? = file
        while let file = sender {
            if try pause(through: file) { return }
            sender = volume.bypassedFile(of: file.stream)
        }
        try volume.pause(file.stream)
        note(file.stream)
    }

    /// Sends STREAM_PAUSE from below the instance and notes it; false if the file object is gone.
    fileprivate func pause(through file: FileObject) throws(IOFailure) -> Bool {
        do throws(IOFailure) {
            if file.stream.mayHaveBypass {
                _ = try bypassIO(.streamPause, on: file)
            } else {
                // Nobody has bypass, so nobody below has to hear of it.
                try volume.pause(file.stream)
            }
        } catch {
            guard error.status == .fileClosed else { throw error }
            return false
        }
        note(file.stream)
        return true
    }

    fileprivate func note(_ stream: Stream) {
        let me = ObjectIdentifier(self)
        stream.control.change { control in
            guard control.isPaused, !control.pausers.contains(me) else { return }
            control.pausers.append(me)
        }
    }

    /// One STREAM_RESUME, to the top, for each paused file that has to do with this instance.
    fileprivate func resumeWhatMayBypass() {
        var asked = Set<ObjectIdentifier>()
        for file in volume.bypassedFiles where !asked.contains(ObjectIdentifier(file.stream)) {
            asked.insert(ObjectIdentifier(file.stream))
            resume(file)
        }
    }

    fileprivate func resume(_ file: FileObject) {
        let stream = file.stream
        var sender: FileObject? = file
        while let file = sender, isToBeResumed(stream) {
            do throws(IOFailure) {
                _ = try file.bypassIO(.streamResume, requestor: .kernel)
                return
            } catch {
                // A filter that fails the request refuses it.
                guard error.status == .fileClosed else { return }
                sender = volume.bypassedFile(of: stream)
            }
        }
    }

    private func isToBeResumed(_ stream: Stream) -> Bool {
        let me = ObjectIdentifier(self)
        let isMine = stream.control.look { control in
            control.isPaused && (control.isResumeRefused || control.pausers.contains(me))
        }
        return isMine && withdrawn.veto(of: stream) == nil
    }

    /// The last callback is over: nothing of this filter's is in the way any more.
    func letGoOfBypass() {
        guard withdrawn.isUsed else { return }
        withdrawn.removeAll()
        resumeWhatMayBypass()
        // Who refused asks again when it restores, or is asked again when it goes.
        let me = ObjectIdentifier(self)
        for stream in volume.openStreams {
            stream.control.change { control in control.pausers.removeAll { $0 == me } }
        }
    }
}
