internal import SystemPackage

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
