internal import BypassIOProtocol
public import IOStack
internal import LinuxKit
internal import SystemPackage

/// Suspends the bypass of a file of the host without a pause, and ends the suspension (spec 4.6).
extension HostFileSystem {
    /// A write may have left a hole behind the old end, or taken the data out of the inode.
    public func didWrite(_ file: FileObject, at offset: UInt64, count: Int) {
        guard !file.stream.suspensions.contains(.resident) else {
            return reviewSuspensions(of: file)
        }
        // One system call; the dozen others only if it finds blocks missing.
        guard !file.stream.suspensions.contains(.sparse), let open = try? openFile(file),
            let status = try? open.withDescriptor({ (descriptor) throws(Errno) in
                try SystemCall.status(of: descriptor)
            }), status.blocks &* 512 < status.size
        else { return }
        reviewSuspensions(of: file)
    }

    /// A hole may have been punched, or the file may be moving or be at rest again.
    public func didChangeOutside(_ file: FileObject) {
        guard let open = try? openFile(file) else { return }
        reviewSuspensions(of: file, awaitingReads: false)
        lookForMove(of: file, open, awaitingReads: false)
    }

    /// In bytes. No Linux file system keeps more than a page in the inode (ext4: an inode's rest,
    /// btrfs: 2048 bytes by default).
    private static let largestResident: UInt64 = 4096

    /// Checks the file again after a change. A file that became sparse stays on the traditional
    /// route as long as it is open. A file whose data left the inode bypasses again.
    func reviewSuspensions(of file: FileObject, awaitingReads: Bool = true) {
        guard file.stream.bypassOpenCount > 0, let open = try? openFile(file) else { return }
        let isResident = file.stream.suspensions.contains(.resident)
        let traits = try? open.withDescriptor { (descriptor) throws(Errno) in
            // Data that outgrew the inode leaves it at the write-back.
            if isResident, try SystemCall.status(of: descriptor).size > Self.largestResident {
                try? SystemCall.syncData(descriptor)
            }
            return try FileTraits.read(
                of: descriptor, logicalBlockSize: topology.logicalBlockSize)
        }
        guard let traits else { return }
        if traits.sparse == .yes, traits.inlineData != .yes {
            suspend(file, .sparse, if: true, awaitingReads)
        }
        // btrfs does not know before the write-back.
        if traits.inlineData != .unknown {
            suspend(file, .resident, if: traits.inlineData == .yes, awaitingReads)
        }
    }

    /// Keeps the file's reads on the traditional route while `move` changes where its bytes lie:
    /// for a defragmentation or a rebalance that this process does or learns of.
    public func whileMoving<R>(
        _ file: FileObject, _ move: () throws -> R
    ) rethrows -> R {
        let id = file.stream.id
        filesBeingMoved.withLock { $0[id, default: 0] += 1 }
        file.volume.suspendBypass(of: file.stream, because: .moving)
        defer {
            // Under the lock, or another call could find the file at rest while another move
            // begins.
            filesBeingMoved.withLock { moves in
                let left = moves[id, default: 1] - 1
                moves[id] = left == 0 ? nil : left
                if left == 0 { file.volume.endSuspension(of: file.stream, because: .moving) }
            }
            _ = try? openFile(file).extentPlaces.take()
        }
        return try move()
    }

    /// A move that was not announced shows in the extent map. If bytes lie elsewhere than at the
    /// last ENABLE or QUERY of the file object, the stream is suspended; if they have rested since
    /// then, that ends. Where outside changes are watched, the mover's close of the file triggers
    /// this check, too, and again a second later. Within a tick of the clock, a file at rest is not
    /// checked again.
    func lookForMove(of file: FileObject, _ open: HostOpenFile, awaitingReads: Bool = true) {
        guard open.kind == .regular, !open.isPathOnly else { return }
        let tick = KernelClock.files
        if !file.stream.suspensions.contains(.moving),
            open.extentPlaces.current?.seen == tick
        {
            return
        }
        let now = (try? open.withDescriptor { ExtentPlaces(of: $0, at: tick) }) ?? nil
        guard let now else { return }
        let before = open.extentPlaces.withLock { places in
            defer { places = now }
            return places
        }
        guard let before else { return }
        let isToldOf = filesBeingMoved.withLock { $0[file.stream.id] != nil }
        if !isToldOf { suspend(file, .moving, if: now.isMoved(since: before), awaitingReads) }
    }

    func suspend(
        _ file: FileObject, _ cause: StreamSuspension, if isSo: Bool,
        _ awaitingReads: Bool = true
    ) {
        guard file.stream.suspensions.contains(cause) != isSo else { return }
        if isSo {
            file.volume.suspendBypass(
                of: file.stream, because: cause, awaitingReads: awaitingReads)
        } else {
            file.volume.endSuspension(of: file.stream, because: cause)
        }
    }

    // MARK: Attributes

    /// FS_IOC_SETFLAGS for attributes that have a flag on Linux; ``NTStatus/notSupported`` for the
    /// rest.
    func changeAttributes(
        of open: HostOpenFile, set: FileAttributes, cleared: FileAttributes
    ) throws(IOFailure) {
        let known: [(FileAttributes, InodeFlags)] = [
            (.compressed, .compressed), (.immutable, .immutable), (.appendOnly, .appendOnly),
        ]
        let all = known.reduce(FileAttributes()) { $0.union($1.0) }
        guard set.union(cleared).isSubset(of: all) else { throw IOFailure(.notSupported) }
        try open.withDescriptor { (descriptor) throws(Errno) in
            // FS_IOC_*FLAGS needs a descriptor for data.
            let own = try SystemCall.reopen(descriptor, [.readOnly, .nonBlocking])
            var flags = try SystemCall.inodeFlags(of: own.descriptor)
            for (attribute, flag) in known {
                if set.contains(attribute) { flags.insert(flag) }
                if cleared.contains(attribute) { flags.remove(flag) }
            }
            try SystemCall.setInodeFlags(of: own.descriptor, to: flags)
        }
    }
}
