internal import IOStack
public import LinuxKit
public import SystemPackage

/// The swap areas as they are at each question: /proc/swaps, kept open, and read again when the
/// kernel says that an area came or went.
///
/// Usable from any thread.
final class SwapSpace: Sendable {
    private let file: OwnedDescriptor
    /// The table as it was read last. The check for a change and the reading are one step under the
    /// lock, because the kernel reports each change once.
    private let known = Guarded<SwapTable?>(nil)

    /// In bytes: room for the header and some areas. A longer table is read by its name.
    private static let usualLength = 1024

    /// nil if there is no such file: a kernel without swap, a machine without /proc.
    init?(paths: SystemPaths = .system) {
        guard let file = try? SystemCall.open(paths.proc.appending("swaps"), .readOnly) else {
            return nil
        }
        self.file = file
    }

    /// - Throws: as ``SwapTable/init(paths:)``.
    func table() throws(Errno) -> SwapTable {
        try known.withLock { (known) throws(Errno) in
            let isChanged = SystemCall.isExceptional(file.descriptor)
            if let known, !isChanged { return known }
            known = nil
            let table = try read()
            known = table
            return table
        }
    }

    private func read() throws(Errno) -> SwapTable {
        var text = [UInt8](repeating: 0, count: Self.usualLength)
        // A read at offset 0 makes the kernel write the table anew, whole lines at a time.
        let count = try SystemCall.read(file.descriptor, into: &text, at: 0)
        guard count < Self.usualLength / 2 else { return try SwapTable() }
        return SwapTable(parsing: Array(text[..<count]))
    }
}

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
