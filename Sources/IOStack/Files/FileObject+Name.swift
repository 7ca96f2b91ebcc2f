import BypassIOProtocol
import SystemPackage

extension FileObject {
    /// The path from the volume's root as the names are now, where ``openedPath`` is that of the
    /// open (`FltGetFileNameInformation` with FLT_FILE_NAME_NORMALIZED). Asks the file system at
    /// once, past all filters; the answer may be old when it comes, as any name.
    ///
    /// Throws `NTStatus.objectNameNotFound` if the file has no name any more, and
    /// `NTStatus.fileClosed` once the file object's cleanup is over.
    public func currentPath() throws(IOFailure) -> String {
        guard retainUntilCleanedUp() else { throw IOFailure(.fileClosed) }
        defer { release() }
        return try volume.fileSystem.path(of: self)
    }
}

extension CallbackData {
    /// The current path of the file that the request is about: of a create that did not reach the
    /// file system yet what it asks for, below its directory's current path. Nothing is normalised
    /// there: symbolic links and `..` are as the program wrote them.
    ///
    /// Throws as ``FileObject/currentPath()``.
    public func currentPath() throws(IOFailure) -> String {
        if let fileObject { return try fileObject.currentPath() }
        guard case .create(let create) = asked else { throw IOFailure(.invalidParameter) }
        guard let base = try create.directory?.currentPath(), !base.isEmpty else {
            return create.path.string
        }
        return create.path.isEmpty ? base : "\(base)/\(create.path.string)"
    }
}
