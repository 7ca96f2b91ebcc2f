internal import IOStack

/// A file object of the mount's own; closed when nobody uses it any more.
final class HeldFile: Sendable {
    let file: FileObject

    init(_ file: FileObject) {
        self.file = file
    }

    deinit { file.close() }
}
