import BypassIOProtocol
public import SystemPackage

extension Volume {
    /// Opens or makes a file through the stack (IRP_MJ_CREATE). The path is relative to the
    /// volume's root and cannot leave it. An empty path is the root: a volume handle.
    public func open(
        _ path: FilePath, access: CreateParameters.Access = .read,
        disposition: CreateParameters.Disposition = .open,
        options: CreateParameters.Options = [], requestor: Requestor = .kernel
    ) throws(IOFailure) -> FileObject {
        try open(
            CreateParameters(
                path: path, access: access, disposition: disposition, options: options),
            requestor: requestor)
    }

    /// Opens or makes a file through the stack, with every parameter of IRP_MJ_CREATE.
    ///
    /// Throws the failure of a filter or of the file system. If a post callback fails a create that
    /// the file system let through, the open is undone (`FltCancelFileOpen`): the file system and
    /// the filters below see a cleanup and a close.
    public func open(
        _ parameters: CreateParameters, requestor: Requestor = .kernel
    ) throws(IOFailure) -> FileObject {
        try open(parameters, requestor: requestor, below: nil)
    }

    /// Enters at the top or below an instance. All later requests about the file object enter
    /// there, too.
    func open(
        _ parameters: CreateParameters, requestor: Requestor, below instance: FilterInstance?
    ) throws(IOFailure) -> FileObject {
        try whileMounted { () throws(IOFailure) in
            try openMounted(parameters, requestor, below: instance)
        }
    }

    private func openMounted(
        _ parameters: CreateParameters, _ requestor: Requestor, below instance: FilterInstance?
    ) throws(IOFailure) -> FileObject {
        guard carries(.create) else {
            let file = try create(parameters, for: requestor).file
            if let instance { file.hide(above: instance) }
            return file
        }
        let data = CallbackData(.create(parameters), fileObject: nil, requestor: requestor)
        if instance != nil { data.flags.insert(.generatedIO) }
        carry(data, below: instance)
        guard let file = data.fileObject else {
            throw data.ioStatus.failure ?? IOFailure(.invalidDeviceRequest)
        }
        if let failure = data.ioStatus.failure {
            file.undoOpen(below: data.succeededAt ?? instance)
            throw failure
        }
        if let instance { file.hide(above: instance) }
        return file
    }
}

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
