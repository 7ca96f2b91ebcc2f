package import IOStack

/// A file as it was before a session's own name of it was taken: what tells whether anybody else
/// has changed it since.
package struct UndoReleasedFile: Sendable, Hashable {
    package var file: FileID
    package var birth: FileTime?
    /// When it had been changed last.
    package var changed: FileTime
    package var modified: FileTime
    /// In bytes.
    package var size: UInt64
    /// Type and permissions.
    package var mode: UInt32
    package var user: UInt32
    package var group: UInt32
    /// Names, with the one that goes.
    package var links: UInt64

    package init(
        file: FileID, birth: FileTime?, changed: FileTime, modified: FileTime, size: UInt64,
        mode: UInt32, user: UInt32, group: UInt32, links: UInt64
    ) {
        (self.file, self.birth, self.changed, self.modified) = (file, birth, changed, modified)
        (self.size, self.mode, self.user, self.group) = (size, mode, user, group)
        self.links = links
    }

    func write(to writer: inout StateWriter) {
        writer.file(file)
        writer.optional(birth) { $0.time($1) }
        writer.time(changed)
        writer.time(modified)
        writer.long(size)
        for value in [mode, user, group] { writer.word(value) }
        writer.long(links)
    }

    init(_ reader: inout StateReader) throws(StateReader.Malformed) {
        file = try reader.file()
        birth = try reader.flag() ? try reader.time() : nil
        (changed, modified) = (try reader.time(), try reader.time())
        size = try reader.size()
        (mode, user, group) = (try reader.word(), try reader.word(), try reader.word())
        links = try reader.long()
    }
}
