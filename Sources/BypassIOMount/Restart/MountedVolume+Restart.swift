internal import FUSE
public import IOStack
internal import LinuxKit
internal import SystemPackage

/// A volume whose service process is replaced while programs use it (docs/restart.md).
extension MountedVolume {
    // MARK: The old service

    /// Stops taking requests, and returns what a successor has to know. After a refusal the service
    /// goes on. Any thread but those that serve; one at a time.
    ///
    /// - Parameter limit: how long requests under way may take to end.
    public func halt(within limit: Duration) throws(RestartRefusal) -> ServiceState {
        guard !volume.isStorageBypassPaused else { throw .volumeStackPaused }
        guard let negotiation = mounted.session.connection.negotiation else { throw .notServed }
        let end = ContinuousClock.now + limit
        while true {
            try haltSession(until: end)
            do throws(RestartRefusal) {
                // No request changes them any more.
                let gates = volume.fileSystem.haltKernelReads()
                var state = try fileSystem.state(
                    negotiation, device: mounted.session.device, gates: gates)
                state.mountPoint = mountPoint.string
                // What a filter has let go on meanwhile may be in the state by half.
                if mounted.session.isAtRest { return state }
            } catch {
                goOn()
                throw error
            }
            goOn()
        }
    }

    private func haltSession(until end: ContinuousClock.Instant) throws(RestartRefusal) {
        do throws(Session.HaltRefusal) {
            try mounted.session.halt(within: max(.zero, ContinuousClock.now.duration(to: end)))
        } catch {
            switch error {
            case .transport: throw .transport
            case .requestsWait(let count): throw .requestsWait(count)
            }
        }
    }

    /// Goes on after ``halt(within:)``, as if nothing had happened.
    ///
    /// - Parameter isAlone: false after another process was told to go on. Then reads that waited
    ///   at a gate fail.
    public func goOn(isAlone: Bool = true) {
        // It throws only in a process that takes over.
        try? volume.fileSystem.goOnWithKernelReads(isAlone: isAlone)
        mounted.session.goOn()
    }

    // MARK: The new service

    /// Takes over what another process handed over, of the same volume without filters. Nothing is
    /// served before ``begin()``. After a refusal this process must end without unmounting.
    public static func adopt(
        _ volume: IOStack.Volume, _ state: ServiceState, options: VolumeMountOptions
    ) throws(RestartRefusal) -> MountedVolume {
        observeWaits()
        volume.drainLimit = options.drainLimit
        let fileSystem: VolumeFileSystem
        do throws(IOFailure) {
            fileSystem = try VolumeFileSystem(volume, options)
        } catch {
            throw .notRestored("\(volume.name): \(error.status)")
        }
        let tracing = RequestTracing(volume, fileSystem.handles)
        let connection = Connection(
            fileSystem, observer: options.observer, tracer: tracing, recovery: options.recovery,
            recalled: options.recalled)
        guard connection.maximumTransfer == Int(state.maximumWrite) else {
            throw .notRestored("requests of \(state.maximumWrite) bytes")
        }
        let threads = fileSystem.shares.threads
        let mounted: MountedSession
        do throws(Errno) {
            mounted = try Mounting.adopt(
                connection, state.negotiation, device: state.device,
                at: FilePath(state.mountPoint),
                options: options.mount,
                maximumThreads: min(options.maximumThreads, threads), threadLimit: threads)
        } catch {
            throw .device(error)
        }
        try fileSystem.restore(state, mounted.session)
        return MountedVolume(fileSystem, mounted, tracing)
    }

    /// Once the filters are attached: gives handles their bypass back, and has the kernel send
    /// again what the other process left. Returns how many handles lost their bypass, because a
    /// layer refuses it now.
    public func takeUp(_ state: ServiceState) throws(RestartRefusal) -> Int {
        let lost = fileSystem.restoreBypass(state)
        fileSystem.handles.noteStates()
        do throws(Errno) {
            try mounted.session.notifier.resendUnanswered()
        } catch {
            throw .notSentAgain(error)
        }
        return lost
    }

    /// Once every filter is attached: asks them about the files that the kernel reads. Those about
    /// which they were not asked by `end` are gated until they are; ``begin()`` goes on with it.
    public func askAboutKernelReads(until end: ContinuousClock.Instant) {
        _ = fileSystem.resumeAdopted(until: end)
    }

    /// Begins to serve what was taken over.
    public func begin() throws(RestartRefusal) {
        do throws(IOFailure) {
            try fileSystem.beginKernelReads()
        } catch {
            throw .notRestored("the gates of the kernel's reads: \(error.status)")
        }
        do throws(Errno) {
            try mounted.begin()
        } catch {
            throw .device(error)
        }
        fileSystem.resumeAdoptedLater()
    }
}

extension ServiceState {
    fileprivate var negotiation: Negotiation {
        let flags = InitFlags(rawValue: flags)
        return Negotiation(
            minor: minor, flags: flags, maximumWrite: Int(maximumWrite),
            maximumStackDepth: flags.contains(.passthrough) ? 1 : 0)
    }
}
