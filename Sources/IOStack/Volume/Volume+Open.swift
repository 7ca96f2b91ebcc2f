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
