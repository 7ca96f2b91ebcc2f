public import BypassIOProtocol

extension FilterInstance {
    /// Takes bypass back and gives it again.
    public var bypass: Bypass { Bypass(instance: self) }

    /// Takes bypass back for a filter that has let it pass and needs to see reads again, in the
    /// order of spec 4.4: first the veto, then the pause, then the filter's work.
    ///
    /// ```swift
    /// try instance.bypass.withdraw(
    ///     from: file, .notSupportedWithMonitoring, reason: "It is being rewritten.")
    /// // From here on every read of the file passes the filter.
    /// instance.bypass.restore(to: file)
    /// ```
    ///
    /// A withdrawal does two things. A veto stands at the filter's altitude against every ENABLE
    /// and QUERY, also those that a STREAM_RESUME asks; the filter itself is not asked meanwhile.
    /// And each file that has bypass, even from before the filter came, is paused from below the
    /// instance. When ``withdraw(_:reason:)`` returns, no read is past the filter and none gets
    /// there. An ENABLE that passed the filter before is asked again from the top and meets the
    /// veto, so a filter counts nothing.
    ///
    /// **A failure.** A withdrawal waits for reads that are past the filter, but not for ever
    /// (``Volume/drainLimit``). Then it throws STATUS_IO_TIMEOUT; STATUS_CANCELLED if the program
    /// was interrupted on whose behalf it waited; or the host's error if the host would not stop
    /// the kernel's reads. The veto stands all the same, so no file object gets bypass anew. The
    /// pause of the file that failed was taken back, unless another stands: reads of it may still
    /// go past. The other files are paused. The filter withdraws again, or gives up with
    /// ``restore()``.
    ///
    /// **The end.** A restore takes the veto away and sends STREAM_RESUME to the top of the stack
    /// for the files that the instance paused, and for those whose resume was refused meanwhile,
    /// perhaps by this filter's veto. Files that others paused stay paused. So does a file against
    /// which another filter vetoes. If a program also paused a file that the instance paused, its
    /// pause ends too, because pauses are not counted (spec 4.4). A detach restores by itself,
    /// after the last callback and before the teardown is complete.
    ///
    /// **Threads.** Any, several at once; the last call prevails. Also from callbacks, because no
    /// lock is held while it waits or asks. Not from `instanceSetup` (``Filter/willAttach(_:_:)``),
    /// which must send no control. Not while the caller holds a lock that a callback of the filter
    /// takes. A callback that lets an ENABLE pass must not pause that file, because the ENABLE
    /// would be asked again without end; nor restore it, because a resume asks that same callback.
    ///
    /// **Lock order.** The vetoes and a stream's list of pausers are two leaves, never held
    /// together.
    public struct Bypass: Sendable {
        let instance: FilterInstance

        /// File objects of the volume that have bypass, paused ones included:
        /// ``FilterInstance/bypassedFiles``.
        public var files: [FileObject] { instance.bypassedFiles }

        /// Bypass is withdrawn from every file of the volume.
        public var isWithdrawn: Bool { instance.withdrawn.volumeVeto != nil }

        /// Bypass is withdrawn from this file, alone or with all others.
        public func isWithdrawn(from stream: Stream) -> Bool {
            instance.withdrawn.veto(of: stream) != nil
        }

        /// Withdraws bypass from every file of the volume; replaces an earlier veto.
        ///
        /// - Parameters:
        ///   - status: an error, such as `NTStatus.notSupportedWithMonitoring`.
        ///   - reason: one English sentence, cut to 128 UTF-16 units.
        /// - Throws: `NTStatus.invalidParameter3` or `NTStatus.invalidParameter4` for a status that
        ///   is no error or an empty reason; then nothing changes. `NTStatus.fltDeletingObject`
        ///   once the instance is being detached. A pause's failure, as described above.
        public func withdraw(_ status: NTStatus, reason: String) throws(IOFailure) {
            try instance.withdraw(from: nil, status, reason)
        }

        /// Withdraws bypass from one file, whatever handles it is read through. The withdrawal
        /// lasts until ``restore(to:)`` or the detach, even if the file is closed and opened again
        /// meanwhile.
        ///
        /// Throws as ``withdraw(_:reason:)``, and `NTStatus.invalidParameter` for a file of another
        /// volume.
        public func withdraw(
            from file: FileObject, _ status: NTStatus, reason: String
        ) throws(IOFailure) {
            try instance.withdraw(from: file, status, reason)
        }

        /// Ends the withdrawal from every file. Withdrawals from single files stay.
        public func restore() {
            guard instance.hasUsedBypass else { return }
            instance.withdrawn.set(nil, of: nil)
            instance.resumeWhatMayBypass()
        }

        /// Ends the withdrawal from one file; `file` may be closed. While bypass is withdrawn from
        /// every file, this file stays paused, too.
        public func restore(to file: FileObject) {
            guard instance.hasUsedBypass, file.volume === instance.volume else { return }
            instance.withdrawn.set(nil, of: file.stream)
            instance.resume(file)
        }

        /// Pauses one file for a filter whose own answer (``BypassFilter/bypass(_:)``) is a veto
        /// already. It is the second half of a withdrawal and has its rules, except that a
        /// STREAM_RESUME asks the filter itself, and ends the pause if the filter lets it.
        ///
        /// If no handle has bypass, ENABLEs under way ask again, and reads that outlive a DISABLE
        /// are waited for. Throws `NTStatus.fileClosed` for a file object whose cleanup is over
        /// while a handle of the stream may have bypass, because no control can be sent through it.
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

        /// Sends STREAM_RESUME for a file that the instance paused. The file bypasses again if no
        /// layer refuses.
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
