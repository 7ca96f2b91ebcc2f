internal import IOStack

/// A file object of the mount's own; the last reference closes it.
final class HeldFile: Sendable {
    let file: FileObject

    init(_ file: FileObject) {
        self.file = file
    }

    deinit { file.close() }
}
