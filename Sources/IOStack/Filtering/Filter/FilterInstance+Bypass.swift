public import BypassIOProtocol

extension FilterInstance {
    /// Taking bypass back, and giving it again.
    public var bypass: Bypass { Bypass(instance: self) }

    /// A filter that has let bypass pass and needs to see reads again, as spec 4.4 has it: the veto
    /// first, then the pause, then whatever it is for.
    ///
    /// ```swift
    /// try instance.bypass.withdraw(
    ///     from: file, .notSupportedWithMonitoring, reason: "It is being rewritten.")
    /// // From here on every read of the file passes the filter.
    /// instance.bypass.restore(to: file)
    /// ```
    ///
    /// A withdrawal is two things. A veto stands in the filter's place in the stack, against every
    /// ENABLE and QUERY, that of anybody's STREAM_RESUME among them; the filter itself is not asked
    /// meanwhile. And each file that has bypass, also one that had it before the filter came, is
    /// paused from below the instance: when ``withdraw(_:reason:)`` returns, no read is past the
    /// filter and none gets there. An ENABLE that had passed the filter before is asked again from
    /// the top and meets the veto, so a filter counts nothing.
    ///
    /// **A failure.** Reads that are past the filter are waited for, but not for ever
    /// (``Volume/drainLimit``): then a withdrawal throws STATUS_IO_TIMEOUT, or STATUS_CANCELLED
    /// where the program was interrupted on whose behalf it waited, or what the host said that
    /// would not stop the kernel's own reads. The veto stands all the same, and so nobody gets
    /// bypass anew. The pause of the file that failed was taken back, unless another stands: reads
    /// of it may still go past. The others are paused. The filter withdraws again, or gives it up
    /// with ``restore()``.
    ///
    /// **The end.** A restore takes the veto away and sends STREAM_RESUME to the top of the stack
    /// for the files that the instance paused, and for those whose resume was refused meanwhile,
    /// perhaps by this filter's veto. Files that others paused stay as they are. A file that
    /// another filter has something against stays paused, too. A pause of a program on a file that
    /// the instance paused as well ends with it: pauses are not counted (spec 4.4). A detach lets
    /// go by itself, after the last callback and before the teardown is complete.
    ///
    /// **Threads.** Any, several at once: the last call has its way. Also from callbacks, for no
    /// lock is held while it waits or asks; not from `instanceSetup` (``Filter/willAttach(_:_:)``),
    /// where no control may be sent. Not with a lock held that a callback of the filter takes. A
    /// callback that lets an ENABLE past must not pause that file, for the ENABLE would be asked
    /// again without end; nor restore it, for a resume asks that same callback.
    ///
    /// **Lock order.** The vetoes and a stream's list of pausers are two leaves, never held
    /// together.
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
        ///   - status: an error, such as `NTStatus.notSupportedWithMonitoring`.
        ///   - reason: one English sentence, cut to 128 UTF-16 units.
        /// - Throws: `NTStatus.invalidParameter3` or `NTStatus.invalidParameter4`, and nothing
        ///   changes, for a status that is no error or an empty reason;
        ///   `NTStatus.fltDeletingObject` once the instance is being detached; a pause's failure,
        ///   as described above.
        public func withdraw(_ status: NTStatus, reason: String) throws(IOFailure) {
            try instance.withdraw(from: nil, status, reason)
        }

        /// Withdraws it from one file, through whichever handles it is read. It lasts until
        /// ``restore(to:)``, or the detach, also if the file is closed and opened again meanwhile.
        ///
        /// As ``withdraw(_:reason:)``; `NTStatus.invalidParameter` for a file of another volume.
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

        /// Ends the withdrawal from one file, of which `file` may be closed. While it is withdrawn
        /// from every file, it stays paused with them.
        public func restore(to file: FileObject) {
            guard instance.hasUsedBypass, file.volume === instance.volume else { return }
            instance.withdrawn.set(nil, of: file.stream)
            instance.resume(file)
        }

        /// Pauses one file for a filter whose own answer (``BypassFilter/bypass(_:)``) is a veto
        /// already: the second half of a withdrawal, with everything that is said there of the
        /// first but that anybody's STREAM_RESUME asks the filter and ends the pause if that lets
        /// it.
        ///
        /// Also where nobody has bypass: then ENABLEs under way ask again, and reads that outlive a
        /// DISABLE are waited for. Throws `NTStatus.fileClosed` for a file object whose cleanup
        /// is over while somebody may have bypass: a request about it is not worth a pause.
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
