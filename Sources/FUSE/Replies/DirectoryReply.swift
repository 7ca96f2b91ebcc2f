public import SystemPackage

/// Answers READDIR and READDIRPLUS, entry by entry. Used before the function returns: the buffer
/// belongs to the thread.
public struct DirectoryReply: Reply, ~Copyable {
    private let ticket: ReplyTicket
    private let buffer: TransferBuffer
    /// Bytes the kernel has room for.
    private let size: Int
    private var count = 0
    private let isPlus: Bool

    init(_ ticket: consuming ReplyTicket, _ buffer: TransferBuffer, size: Int, isPlus: Bool) {
        self.ticket = ticket
        self.buffer = buffer
        self.size = min(size, buffer.capacity)
        self.isPlus = isPlus
    }

    /// Whether an entry with a name of so many bytes still fits.
    public func hasRoom(nameLength: Int) -> Bool {
        count + entrySize(nameLength) <= size
    }

    var isEmpty: Bool { count == 0 }

    private func entrySize(_ nameLength: Int) -> Int {
        let entry = (24 + nameLength + 7) & ~7
        return isPlus ? NodeEntry.wireSize + entry : entry
    }

    /// Appends an entry (`struct fuse_dirent`, with READDIRPLUS `struct fuse_direntplus`).
    ///
    /// - Parameters:
    ///   - name: of the entry, without NUL and slash.
    ///   - inode: for people; the kernel does not look a file up by it.
    ///   - position: where to go on behind this entry.
    ///   - kind: the type bits of `st_mode`, shifted right by 12; 0 if unknown.
    ///   - entry: counts as a lookup; nil says the kernel should look for itself. Not for "." and
    ///     "..", and without READDIRPLUS not sent.
    /// - Returns: false if it did not fit and nothing was appended.
    public mutating func append(
        name: Span<UInt8>, inode: UInt64, kind: UInt8, position: UInt64, entry: NodeEntry? = nil
    ) -> Bool {
        guard hasRoom(nameLength: name.count) else { return false }
        let (start, end) = (count, count + entrySize(name.count))
        let isPlus = self.isPlus
        buffer.withMutableBytes(size) { bytes in
            var writer = MessageWriter(&bytes, from: start)
            if isPlus {
                if let entry { entry.write(to: &writer) } else { writer.zeros(NodeEntry.wireSize) }
            }
            writer.u64(inode)
            writer.u64(position)
            writer.u32(UInt32(name.count))
            writer.u32(UInt32(kind))
            writer.copy(name)
            writer.zeros(end - writer.count)
        }
        count = end
        return true
    }

    /// Sends what was appended; nothing means the directory's end.
    ///
    /// - Returns: whether the kernel took it; false when the request was taken back meanwhile, and
    ///   with it the lookups of its entries.
    @discardableResult
    public consuming func succeed() -> Bool {
        let (count, buffer) = (self.count, self.buffer)
        return ticket.succeed(count, of: buffer)
    }

    public consuming func fail(_ error: Errno) {
        ticket.fail(error)
    }
}

/// A name in a directory, for services whose directories are lists in memory.
public struct ListedName: Sendable, Equatable {
    /// Without NUL and slash.
    public var name: String
    public var attributes: NodeAttributes

    public init(_ name: String, _ attributes: NodeAttributes) {
        self.name = name
        self.attributes = attributes
    }
}

extension DirectoryReply {
    /// Lists the entries of a directory from the request's offset on, as many as fit.
    ///
    /// - Parameters:
    ///   - entries: all of the directory, with "." and ".." if a program is to see these. As long
    ///     as a program reads the directory an entry must keep its place.
    ///   - request: that is answered.
    public consuming func succeed(_ entries: [ListedName], for request: ReadRequest) {
        for index in min(Int(clamping: request.offset), entries.count)..<entries.count {
            let attributes = entries[index].attributes
            let name = Array(entries[index].name.utf8)
            let isIn = append(
                name: name.span, inode: attributes.inode, kind: attributes.kind,
                position: UInt64(index + 1))
            if isIn { continue }
            // A name that does not fit alone would be asked for again and again.
            if isEmpty { return fail(.invalidArgument) }
            break
        }
        succeed()
    }
}
