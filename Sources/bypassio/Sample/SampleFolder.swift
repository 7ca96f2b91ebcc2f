import Foundation
import SystemPackage

/// The files of the sample: one that can bypass, one that cannot, and an explanation of both.
struct SampleFolder {
    static let large = "level1.pak"
    static let sparse = "sparse.img"
    private static let largeSize: UInt64 = 64 << 20

    let path: FilePath

    /// Makes the missing files.
    init(_ folder: FilePath) throws {
        path = folder.appending("sample")
        do {
            try FileManager.default.createDirectory(
                atPath: path.string, withIntermediateDirectories: true)
            try Data("The files of `bypassio sample`.\n".utf8)
                .write(to: URL(fileURLWithPath: path.appending("README.txt").string))
            let sparse = try FileDescriptor.open(
                path.appending(Self.sparse), .readWrite, options: [.create, .closeOnExec],
                permissions: [.ownerReadWrite, .groupRead, .otherRead])
            try sparse.closeAfter { try sparse.resize(to: 16 << 20) }
        } catch {
            throw CommandError(
                .cannotCreate,
                "\(path) cannot be written (\(error)): name another folder with --cache FOLDER.")
        }
        try KeptFile(folder: path, name: FilePath(Self.large), size: Self.largeSize).prepare()
    }
}
