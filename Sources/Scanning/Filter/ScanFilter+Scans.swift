import BypassIOProtocol
import Dispatch
import IOStack
import LinuxKit
import SystemPackage

/// Scans: who asks for them, and what comes of them.
extension ScanFilter {
    /// Scans of one request, where the file changes meanwhile.
    private static let attempts = 3

    // MARK: Asking

    /// Has a file scanned for a request, which waits. False: nobody will answer.
    ///
    /// - Parameter open: an open of the filter's own, where no scan is under way already.
    func ask(
        about stream: Stream, _ data: CallbackData, _ instance: FilterInstance,
        _ open: () -> FileObject?, _ answer: @escaping ScanDesk.Answer
    ) -> ScanDesk.Ticket? {
        let context = context(of: stream, instance)
        if let ticket = desk.join(context, answer) { return ticket }
        guard let file = open() else { return nil }
        // Of another file the context is not this one's.
        let job = ScanJob(
            file, self.context(of: file.stream, instance), instance, data.requestor)
        if let ticket = desk.submit(job, answer, by: { [self] in examine($0) }) { return ticket }
        file.close()
        return nil
    }

    /// Why nobody answers a request.
    func noRoom(_ instance: FilterInstance) -> ScanOutcome {
        instance.isAttached ? .none("too many files wait for a scan") : .leaving
    }

    /// Has a file scanned for nobody. It is closed then.
    func examineLater(_ file: FileObject, _ instance: FilterInstance) {
        let job = ScanJob(file, context(of: file.stream, instance), instance, nil)
        if desk.submit(job, nil, by: { [self] in examine($0) }) == nil { file.close() }
    }

    /// Files may have bypass by verdicts that do not hold any more, or from before the filter came.
    /// Each is paused; a scan that finds nothing resumes it.
    func examineBypassed(by instance: FilterInstance) {
        var seen: Set<FileID> = []
        for file in instance.bypass.files where seen.insert(file.stream.id).inserted {
            guard file.stream.kind == .file, !settings.excludes(file.openedPath) else { continue }
            if let version = version(of: file), standing(of: file.stream.id, version) == .clean {
                continue
            }
            do throws(IOFailure) {
                try instance.bypass.pause(file)
            } catch {
                tell(
                    ScanEvent(
                        .unscanned, path: file.openedPath, file: file.stream.id,
                        reason: "its reads cannot be stopped (\(error))", isAllowed: true))
            }
            guard let own = ownOpen(of: file, instance) else { continue }
            examineLater(own, instance)
        }
    }

    /// One more open of an open file, whatever its name: below the filter, for reading.
    func ownOpen(of file: FileObject, _ instance: FilterInstance) -> FileObject? {
        try? instance.open(
            CreateParameters(
                path: "", directory: file, access: .read, options: [.noFollow, .noAccessTime]))
    }

    // MARK: Scanning

    /// On a thread of the desk.
    func examine(_ job: ScanJob) -> ScanOutcome {
        for _ in 0..<Self.attempts {
            if let outcome = examineOnce(job) { return outcome }
        }
        return .none("the file changes while it is scanned")
    }

    /// nil: it was changed meanwhile.
    private func examineOnce(_ job: ScanJob) -> ScanOutcome? {
        if let words = watch.away { return .none(words) }
        guard let rested = versionAtRest(job) else { return .none("the file cannot be looked at") }
        let (version, isAtRest) = rested
        let id = job.file.stream.id
        let mark = job.context.mark
        let generation = watch.generation
        switch standing(of: id, version) {
        case .clean: return conclude(job, .clean)
        case .infected(let name):
            if settings.action == .quarantine { quarantine(job, name, job.file.openedPath) }
            return .verdict(.infected(name))
        case .limited(let name): return .verdict(.limited(name))
        case .large: return .none("the file is larger than maxsize")
        case .unknown: break
        }
        let verdict: FileVerdict
        do throws(ScanFault) {
            verdict = try scan(job)
        } catch {
            if case .away = error { watch.lost() }
            return .none(error.words)
        }
        watch.answered()
        count { counts in
            counts.scanned += 1
            if case .infected = verdict { counts.infected += 1 }
        }
        guard self.version(of: job.file) == version, watch.generation == generation,
            job.context.conclude(since: mark)
        else {
            // Its bytes were there all the same. And what is written to all the time is never done.
            if case .infected = verdict { return found(job, verdict) }
            return job.file.volume.writerCount(of: job.file.stream) > 0 ? .verdict(verdict) : nil
        }
        if isAtRest {
            table.keep(verdict, on: id, version, generation: generation)
            // A change sets the mark first and forgets the verdict then: one of the two sees it.
            if job.context.mark != mark { table.forget(id) }
        }
        if case .infected = verdict { return found(job, verdict) }
        return conclude(job, verdict)
    }

    private func conclude(_ job: ScanJob, _ verdict: FileVerdict) -> ScanOutcome {
        let stream = job.file.stream
        if verdict == .clean, stream.isPaused,
            let file = job.instance.bypass.files.first(where: { $0.stream === stream })
        {
            job.instance.bypass.resume(file)
        }
        return .verdict(verdict)
    }

    private func found(_ job: ScanJob, _ verdict: FileVerdict) -> ScanOutcome {
        guard case .infected(let name) = verdict else { return .verdict(verdict) }
        let path = (try? job.file.currentPath()) ?? job.file.openedPath
        tell(
            ScanEvent(
                .infected, path: path, file: job.file.stream.id, signature: name,
                isAllowed: settings.action == .log, job.requestor))
        if settings.action == .quarantine { quarantine(job, name, path) }
        return .verdict(verdict)
    }

    /// Waits for the end of the tick in which the file was changed: a verdict could not be kept
    /// otherwise. nil: the file system does not answer.
    private func versionAtRest(_ job: ScanJob) -> (ScannedVersion, Bool)? {
        let tick = tick(of: job)
        let nobody = DispatchSemaphore(value: 0)
        // The clock by which files are stamped goes in ticks itself, so one wait may be too short.
        for _ in 0..<Self.waits {
            guard let version = version(of: job.file) else { return nil }
            let rest = version.restAfter(surroundings.now(), tick: tick)
            // That clock is behind the time of a change, by a tick at most.
            guard rest > .zero, rest <= Self.shortTick * 2 else { return (version, rest <= .zero) }
            _ = nobody.wait(timeout: .now() + .milliseconds(Int(rest / .milliseconds(1)) + 1))
        }
        return version(of: job.file).map { ($0, false) }
    }

    private static let waits = 8
    /// Twice a tick of the slowest kernel (CONFIG_HZ=100).
    private static let shortTick: Duration = .milliseconds(20)
    /// FAT's, and servers' of which nobody knows.
    private static let longTick: Duration = .seconds(2)
    private static let fineGrained: Set = ["ext4", "xfs", "btrfs", "tmpfs", "f2fs", "bcachefs"]

    private func tick(of job: ScanJob) -> Duration {
        Self.fineGrained.contains(job.file.volume.fileSystem.name)
            && isOnRoot(job.file.stream.id, job.instance) ? Self.shortTick : Self.longTick
    }

    private func scan(_ job: ScanJob) throws(ScanFault) -> FileVerdict {
        let (file, instance) = (job.file, job.instance)
        let buffer: any IOBuffer
        do throws(IOFailure) {
            buffer = try file.volume.makeBuffer(capacity: 1 << 20)
        } catch {
            throw .failed("there is no memory for it (\(error))")
        }
        let read: @Sendable (UInt64, Int) throws(IOFailure) -> [UInt8] = {
            (offset: UInt64, length: Int) throws(IOFailure) -> [UInt8] in
            let length = min(length, buffer.capacity)
            let count = try instance.read(file, at: offset, length: length, into: buffer)
            return buffer.withBytes(count) { [UInt8](copying: $0) }
        }
        let copy = hasPlainBytes(job) ? ownDescription(of: file) : nil
        defer { withExtendedLifetime(copy) {} }
        return try engine.scan(
            ScanSubject(descriptor: copy?.descriptor.rawValue, read: read))
    }

    /// A filter below may show other bytes than the file has: it vetoes bypass then.
    private func hasPlainBytes(_ job: ScanJob) -> Bool {
        let lower = job.instance.volume.instances.filter { $0.altitude < job.instance.altitude }
        guard !lower.isEmpty else { return true }
        guard let verdict = try? job.instance.bypassIO(.query, on: job.file).results else {
            return false
        }
        return !verdict.status.isError
            || !lower.contains { $0.filter.name == verdict.driverName.string }
    }

    /// With a position of its own, for readers that move it.
    private func ownDescription(of file: FileObject) -> HeldDescriptor? {
        guard let number = file.handedOpen?.descriptor else { return nil }
        let descriptor = FileDescriptor(rawValue: number)
        for flags in [OpenFlags.noAccessTime, .readOnly] {
            if let opened = try? SystemCall.reopen(descriptor, flags) {
                return HeldDescriptor(opened)
            }
        }
        return nil
    }
}

/// A descriptor that is closed with its last user.
final class HeldDescriptor: Sendable {
    private let owned: OwnedDescriptor
    init(_ owned: consuming OwnedDescriptor) { self.owned = owned }
    var descriptor: FileDescriptor { owned.descriptor }
}
