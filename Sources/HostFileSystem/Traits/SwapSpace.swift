internal import IOStack
internal import LinuxKit
internal import SystemPackage

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
