import Glibc
import SystemPackage

/// The directories in which one route makes and removes files. Each is used for one pass of each.
///
/// Removing files is a workload of its own: ext4 without a journal does not reuse the inodes of
/// removed files for some minutes (fs/ext4/ialloc.c, recently_deleted) and searches past them. So
/// creating right after removing would measure that search.
final class WorkFolders {
    private let name: String
    private var serial = 0
    private var filled: [FilePath] = []

    /// `route` tells them from other routes' in the same place.
    init(route: String) {
        name = route.filter { $0.isASCII && ($0.isLetter || $0.isNumber) }
    }

    /// A new directory, and the names for its files.
    func new(in tree: BenchTree) throws(Errno) -> [FilePath] {
        serial += 1
        let folder = tree.work.appending("\(name)-\(serial)")
        let result = unsafe folder.withPlatformString { unsafe mkdir($0, 0o755) }
        guard result == 0 else { throw Errno(rawValue: errno) }
        filled.append(folder)
        return tree.worked(in: folder)
    }

    /// The files of a filled directory; nil if there is none left.
    func take(in tree: BenchTree) -> [FilePath]? {
        filled.popLast().map(tree.worked)
    }
}
