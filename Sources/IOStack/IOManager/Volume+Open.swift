import BypassIOProtocol
public import SystemPackage

extension Volume {
    /// Opens or makes a file through the stack (IRP_MJ_CREATE); the path is relative to the
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
    /// Throws what a filter or the file system answered. A post callback that fails a create that
    /// the file system had let through undoes the open (`FltCancelFileOpen`): the filters below it
    /// and the file system see a cleanup and a close.
    public func open(
        _ parameters: CreateParameters, requestor: Requestor = .kernel
    ) throws(IOFailure) -> FileObject {
        try whileMounted { () throws(IOFailure) in
            try openMounted(parameters, requestor)
        }
    }

    private func openMounted(
        _ parameters: CreateParameters, _ requestor: Requestor
    ) throws(IOFailure) -> FileObject {
        guard isFiltered(.create) else {
            return try create(parameters, for: requestor).file
        }
        let data = CallbackData(.create(parameters), fileObject: nil, requestor: requestor)
        carry(data, below: nil)
        guard let file = data.fileObject else {
            throw data.ioStatus.failure ?? IOFailure(.invalidDeviceRequest)
        }
        if let failure = data.ioStatus.failure {
            file.undoOpen(below: data.succeededAt)
            throw failure
        }
        return file
    }
}
