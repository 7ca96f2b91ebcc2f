import Glibc
import SystemPackage

/// The directories in which one route makes and removes files, each used for one pass of each.
///
/// Files are removed in a workload of their own: ext4 without a journal gives the inodes of removed
/// files to nobody for some minutes (fs/ext4/ialloc.c, recently_deleted) and searches past them, so
/// that creating right after removing measures that search.
final class WorkFolders {
    private let name: String
    private var serial = 0
    private var filled: [FilePath] = []

    /// `route` tells them from other routes' in the same place.
    init(route: String) {
        name = route.filter { $0.isASCII && ($0.isLetter || $0.isNumber) }
    }

    /// A new one, and the names that its files are to have.
    func new(in tree: BenchTree) throws(Errno) -> [FilePath] {
        serial += 1
        let folder = tree.work.appending("\(name)-\(serial)")
        let result = unsafe folder.withPlatformString { unsafe mkdir($0, 0o755) }
        guard result == 0 else { throw Errno(rawValue: errno) }
        filled.append(folder)
        return tree.worked(in: folder)
    }

    /// The files of one that was filled; nil when there is none any more.
    func take(in tree: BenchTree) -> [FilePath]? {
        filled.popLast().map(tree.worked)
    }
}
