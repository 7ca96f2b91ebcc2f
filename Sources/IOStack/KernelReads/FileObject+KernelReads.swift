import BypassIOProtocol
import Synchronization
import SystemPackage

/// Reads that the host's kernel does by itself for the file's opener.
extension FileObject {
    /// Asks every layer to let the kernel do this file object's reads by itself, cached or not, and
    /// mappings: first an ENABLE from the top of the stack, then the terms of each filter
    /// (``FilterRegistration/kernelReads``), the volume and storage drivers, which must all agree
    /// to be skipped, and the file system. Ends with the file object.
    ///
    /// Returns the door, through which the kernel has to be told to read. If the stream's bypass is
    /// paused or suspended, the grant stands all the same, behind the closed gate.
    ///
    /// With `leavingAccessTimes` reads do not change the file's access time. It holds for all
    /// programs for which the kernel reads the file; the first grant decides.
    ///
    /// Throws the first veto; then bypass is disabled again if it was not enabled before.
    public func grantKernelReads(
        leavingAccessTimes: Bool = false
    ) throws(BypassVeto) -> any KernelReadDoor {
        if let instance = volume.currentChain.first(demandingMoreThan: .asked) {
            throw BypassVeto.kernelReadsRefused(by: instance.filter.name)
        }
        let wasEnabled = isBypassEnabled
        try enableForKernel()
        do throws(BypassVeto) {
            let door = try openDoor(leavingAccessTimes)
            wasGrantedToKernel.store(true, ordering: .relaxed)
            volume.observer?.saw(.kernelGranted(named), on: volume)
            return door
        } catch {
            leaveKernelReads()
            if !wasEnabled { _ = try? bypassIO(.disable, requestor: .kernel) }
            throw error
        }
    }

    /// The program may have the kernel read.
    public var hasKernelReads: Bool {
        stream.kernelReads.current?.contains(ObjectIdentifier(self)) ?? false
    }

    /// Why its kernel reads ask the stack now; nil: they pass unseen.
    public var kernelReadCause: KernelReadCause? {
        hasKernelReads ? volume.kernelReadCause(of: stream) : nil
    }

    /// Gives back the grant of `grantKernelReads()` and disables bypass, because the kernel did not
    /// take it.
    public func giveUpKernelReads() {
        leaveKernelReads()
        _ = try? bypassIO(.disable, requestor: .kernel)
    }

    private func enableForKernel() throws(BypassVeto) {
        let verdict: BypassIOResults?
        do throws(IOFailure) {
            verdict = try bypassIO(.enable).results
        } catch {
            throw BypassVeto(
                driver: volume.fileSystem.name, status: error.status,
                reason: "The request to enable bypass failed.")
        }
        guard let verdict, verdict.status.isError else { return }
        throw BypassVeto(verdict)
    }

    private func openDoor(
        _ leavingAccessTimes: Bool
    ) throws(BypassVeto) -> any KernelReadDoor {
        if volume.bypass.gate.closed.contains(.storageRefused) {
            throw volume.stack.manageBypassIO(.query)
                ?? BypassVeto(
                    driver: volume.stack.storage.name, status: .notSupported,
                    reason: "The volume's drivers do not agree to be skipped.")
        }
        if let veto = volume.fileSystem.kernelReadVeto(for: self) {
            throw BypassVeto(driver: volume.fileSystem.name, veto)
        }
        let reads = try joinKernelReads(leavingAccessTimes)
        if !reads.door.isRevocable,
            let instance = volume.currentChain.first(demandingMoreThan: .unwatched)
        {
            throw BypassVeto(
                driver: instance.filter.name, status: .notSupported,
                reason: "The minifilter has to be able to stop reads, which this file system "
                    + "does not let anybody.")
        }
        do throws(IOFailure) {
            try volume.settleKernelReads(of: stream, until: DrainBound.withoutWaiting)
        } catch {
            throw BypassVeto(
                driver: volume.fileSystem.name, status: error.status,
                reason: "Reads of the file cannot be stopped (errno \(error.errno.rawValue)).")
        }
        guard reads.isGuarded else {
            throw BypassVeto(
                driver: volume.fileSystem.name, status: .notSupported,
                reason:
                    "Nobody would stop the file's reads if the service died: it has no guardian.")
        }
        return reads.door
    }

    private func joinKernelReads(
        _ leavingAccessTimes: Bool
    ) throws(BypassVeto) -> KernelReads {
        do throws(StorageVeto) {
            return try stream.kernelReads.withLock { (known) throws(StorageVeto) in
                let reads: KernelReads
                if let known {
                    reads = known
                } else {
                    let (volume, stream) = (volume, stream)
                    reads = KernelReads(
                        door: try volume.fileSystem.kernelReadDoor(
                            for: self, leavingAccessTimes: leavingAccessTimes
                        ) { [weak volume, weak stream] read in
                            guard let volume, let stream else { return nil }
                            return volume.answer(read, of: stream)
                        }, moved: volume.tellingGate(of: named))
                    known = reads
                    volume.kernelReadStreams.withLock { $0[ObjectIdentifier(stream)] = stream }
                }
                reads.add(self)
                return reads
            }
        } catch {
            throw BypassVeto(driver: volume.fileSystem.name, error)
        }
    }

    /// Ends the file object's kernel reads. The last user takes the door along.
    func leaveKernelReads() {
        let areOthersLeft = stream.kernelReads.withLockIfUsed { known in
            guard let reads = known else { return false }
            guard reads.remove(ObjectIdentifier(self)) else { return true }
            volume.kernelReadStreams.withLock { $0[ObjectIdentifier(stream)] = nil }
            // Under the lock, so that a file has one door at a time.
            known = nil
            return false
        }
        // If this file object's bypass was disabled, that may have kept the gate closed.
        guard areOthersLeft ?? false else { return }
        _ = try? volume.settleKernelReads(of: stream, until: DrainBound.withoutWaiting)
    }
}

extension BypassVeto {
    static func kernelReadsRefused(by filter: String) -> BypassVeto {
        BypassVeto(
            driver: filter, status: .notSupported,
            reason: "The minifilter has to see every read, mappings too; the kernel tells of none.")
    }
}
