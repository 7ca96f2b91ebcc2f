internal import IOStack
public import LinuxKit
public import SystemPackage

/// The swap areas in use (/proc/swaps, proc(5)).
public struct SwapTable: Sendable, Hashable {
    /// A swap area.
    public struct Area: Sendable, Hashable {
        /// The file or device, seen from this process's root directory.
        public var path: FilePath
        public var isFile: Bool
    }

    public var areas: [Area]

    /// Reads the text of /proc/swaps: a header line, then path, type and three numbers a line.
    public init(parsing text: [UInt8]) {
        areas = text.split(separator: UInt8(ascii: "\n")).dropFirst().compactMap { line in
            let fields = line.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
            guard fields.count >= 2 else { return nil }
            return Area(
                path: FilePath(bytes: OctalEscapes.decode(fields[0])),
                isFile: Array(fields[1]) == Array("file".utf8))
        }
    }

    /// Reads `<proc>/swaps`. A kernel without swap has no such file and no areas.
    ///
    /// - Throws: the errors of open(2) and read(2), ENOENT excepted.
    public init(paths: SystemPaths = .system) throws(Errno) {
        let text: [UInt8]
        do {
            text = try KernelFile.bytes(of: paths.proc.appending("swaps"))
        } catch {
            guard error == .noSuchFileOrDirectory else { throw error }
            text = []
        }
        self.init(parsing: text)
    }

    /// Whether the file, or the block device that the node stands for, is swapped to.
    ///
    /// The table holds paths, which are looked up here. `.unknown` if an area's path leads nowhere
    /// from this process's root and no other area matches.
    public func contains(_ status: FileStatus) -> Fact {
        var unseen = false
        for area in areas {
            guard let found = try? SystemCall.status(of: area.path, followingLinks: true) else {
                unseen = true
                continue
            }
            let isSame =
                area.isFile
                ? found.device == status.device && found.inode == status.inode
                : FileTraits.Kind(mode: status.mode) == .blockDevice
                    && found.representedDevice == status.representedDevice
            if isSame { return .yes }
        }
        return unseen ? .unknown : .no
    }
}
