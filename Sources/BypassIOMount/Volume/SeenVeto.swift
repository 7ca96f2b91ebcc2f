public import BypassIOProtocol
public import IOStack

/// A veto that a program of a mount met, for who wants to tell people.
public struct SeenVeto: Sendable {
    public let file: FileID
    /// By which the file was opened, from the volume's root.
    public let path: String
    /// What was asked: an ENABLE, for an open that the kernel was to read for.
    public let operation: BypassIOOperation
    public let veto: BypassVeto

    init(_ veto: BypassVeto, of file: FileObject, _ operation: BypassIOOperation) {
        self.file = file.stream.id
        path = file.openedPath
        self.operation = operation
        self.veto = veto
    }
}
