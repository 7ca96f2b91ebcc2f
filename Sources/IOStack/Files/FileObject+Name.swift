import BypassIOProtocol
import SystemPackage

extension FileObject {
    /// The present path from the volume's root, where ``openedPath`` is the path at the open
    /// (`FltGetFileNameInformation` with FLT_FILE_NAME_NORMALIZED). Asks the file system directly,
    /// past all filters. As any name, the answer may be outdated when it comes.
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
    /// The present path of the request's file. For a create that has not reached the file system:
    /// the path that it asks for, below its directory's present path. That path is not normalised:
    /// symbolic links and `..` are as the program wrote them.
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
