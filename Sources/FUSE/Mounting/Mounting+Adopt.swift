internal import LinuxKit
public import SystemPackage

/// A connection that another process of the same service began.
extension Mounting {
    /// Takes over a mounted file system, by a descriptor of /dev/fuse that this process inherited.
    /// Nothing is read from it before ``MountedSession/begin()``.
    ///
    /// - Parameters:
    ///   - connection: with the service; it gets what the other process agreed on with the kernel.
    ///   - negotiation: that agreement.
    ///   - device: the descriptor, which is closed at the end.
    ///   - mountPoint: absolute and without links.
    ///   - options: as it was mounted.
    ///   - maximumThreads: that serve at the same time, 1 to 256.
    ///   - threadLimit: with those that wait, 1 to 1024; as many as `maximumThreads` at least.
    /// - Throws: `EMFILE`, `ENFILE`.
    public static func adopt(
        _ connection: Connection, _ negotiation: Negotiation, device: Int32,
        at mountPoint: FilePath, options: MountOptions = MountOptions(), maximumThreads: Int = 16,
        threadLimit: Int = 256
    ) throws(Errno) -> MountedSession {
        try SystemCall.closeOnExec(FileDescriptor(rawValue: device))
        connection.adopt(negotiation)
        let device = FUSEDevice(owning: device)
        // The mount may have left its place, and another may be there.
        let number = device.mountedDevice ?? MountTable.current.top(at: mountPoint)?.device
        let channel = try DeviceChannel(device, connection.ledger)
        let session = Session(
            connection, channel, WorkerShares(threads: maximumThreads, limit: threadLimit),
            transport: .device, latency: options.keepsCPUsAwake ? CPULatencyRequest() : nil)
        return MountedSession(session, at: mountPoint, device: number)
    }
}

extension MountedSession {
    /// Starts the threads of a session that was taken over. Throws `EAGAIN`, `ENOMEM`.
    public func begin() throws(Errno) { try session.start() }
}
