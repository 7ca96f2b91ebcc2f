internal import FUSE
internal import IOStack
internal import LinuxKit
internal import SystemPackage

/// A volume whose service another process takes the place of, if it dies (docs/restart.md).
extension MountedVolume {
    /// Writes down what changes seldom, for a successor. Any thread, one at a time.
    ///
    /// - Parameters:
    ///   - filters: that are attached, highest altitude first.
    ///   - port: the listening socket of `control_tcp`; nil for none.
    ///   - unmounter: the channel to the process that unmounts; nil for none.
    public func noteForSuccessor(
        _ filters: [ServiceState.Filter], port: Int32?, unmounter: Int32?
    ) {
        guard let recovery = fileSystem.recovery,
            let negotiation = mounted.session.connection.negotiation
        else { return }
        let root = fileSystem.nodes.root
        var state = ServiceState(
            device: mounted.session.device, minor: negotiation.minor,
            flags: negotiation.flags.rawValue,
            maximumWrite: UInt32(clamping: negotiation.maximumWrite), root: root.id,
            lastNumber: fileSystem.nodes.lastOwnNumber,
            leavesAccessTime: fileSystem.leavesAccessTime,
            nodes: [
                ServiceState.NodeRecord(
                    number: root.number.rawValue, id: root.id, birthTime: root.birthTime)
            ],
            handles: [], generations: [])
        state.filters = filters
        state.port = port
        state.mountPoint = mountPoint.string
        recovery.set(.device, to: UInt64(max(0, mounted.session.device)))
        recovery.set(.port, to: UInt64(max(0, port ?? 0)))
        recovery.set(.unmounter, to: UInt64(max(0, unmounter ?? 0)))
        recovery.note(state.bytes)
    }
}
