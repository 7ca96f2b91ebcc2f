import BypassIOProtocol

/// Changes of a file that has bypass (spec 4.6).
extension Volume {
    /// Applies a change. Compression is refused while the file has bypass. Encryption pauses it.
    /// After a file becomes sparse, all its reads take the traditional route.
    func apply(
        _ change: FileChange, to file: FileObject, for requestor: Requestor
    ) throws(IOFailure) {
        let set: FileAttributes
        switch change {
        case .attributes(let attributes, let cleared):
            guard attributes.isDisjoint(with: cleared) else { throw IOFailure(.invalidParameter) }
            set = attributes
        case .flags(let flags): set = flags.attributes
        default: return try fileSystem.apply(change, to: file, for: requestor)
        }
        let stream = file.stream
        guard stream.bypass.beginAttributeChange(onlyWithoutBypass: set.contains(.compressed))
        else { throw IOFailure(.notSupportedWithBypassIO) }
        defer { stream.bypass.endAttributeChange() }
        // Bypassed reads are out before the data changes its form.
        if set.contains(.encrypted) { try pause(stream) }
        try fileSystem.apply(change, to: file, for: requestor)
        // Again: a resume before the attribute was set met no veto.
        if set.contains(.encrypted) { try pause(stream) }
        if set.contains(.sparse), stream.kind == .file {
            suspendBypass(of: stream, because: .sparse)
        }
    }
}
