/// A note of a file object that does not keep it.
struct WeakFileObject: Sendable {
    private(set) weak var file: FileObject?

    init(_ file: FileObject) {
        self.file = file
    }
}
