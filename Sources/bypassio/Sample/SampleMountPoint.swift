import Foundation

/// A new directory for a mount, which is removed afterwards.
struct SampleMountPoint {
    let path: String

    init() throws {
        var template = Array((NSTemporaryDirectory() + "/bypassio-XXXXXX").utf8CString)
        guard let made = unsafe mkdtemp(&template) else {
            throw CommandError(
                .cannotCreate,
                "No directory can be made under \(NSTemporaryDirectory()): set TMPDIR to one.")
        }
        path = unsafe String(cString: made)
    }

    func remove() {
        _ = unsafe rmdir(path)
    }
}
