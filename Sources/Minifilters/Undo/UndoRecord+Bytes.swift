import IOStack

extension UndoNode {
    private static let kinds: [FileKind] = [
        .regularFile, .directory, .symbolicLink, .fifo, .socket, .characterDevice, .blockDevice,
    ]

    func write(to writer: inout StateWriter) {
        writer.long(number)
        writer.file(file)
        writer.optional(birth) { $0.time($1) }
        writer.byte(UInt8(Self.kinds.firstIndex(of: kind) ?? 0))
        for value in [permissions, user ?? .max, group ?? .max] { writer.word(value) }
        writer.long(size)
        writer.time(accessed)
        writer.time(modified)
        writer.long(device)
        writer.long(links)
        writer.optional(place) { $0.entry($1) }
        writer.list(attributes) { writer, attribute in
            writer.text(attribute.name)
            writer.text(attribute.value)
        }
        writer.optional(target) { $0.text($1) }
    }

    init(_ reader: inout StateReader) throws(StateReader.Malformed) {
        number = try reader.number()
        file = try reader.file()
        birth = try reader.flag() ? try reader.time() : nil
        let kind = Int(try reader.byte())
        guard Self.kinds.indices.contains(kind) else { throw StateReader.Malformed() }
        self.kind = Self.kinds[kind]
        (permissions, user, group) = (try reader.word(), try reader.word(), try reader.word())
        guard permissions <= 0o7777 else { throw StateReader.Malformed() }
        size = try reader.size()
        accessed = try reader.time()
        modified = try reader.time()
        device = try reader.long()
        links = try reader.long()
        place = try reader.flag() ? try reader.entry() : nil
        attributes = try reader.list { (reader) throws(StateReader.Malformed) in
            Attribute(name: try reader.text(), value: try reader.text())
        }
        target = try reader.flag() ? try reader.text() : nil
    }
}

extension StateWriter {
    mutating func number(_ kind: UInt8, _ number: UInt64) {
        byte(kind)
        long(number)
    }

    mutating func identities(_ ranges: [UndoIDs]) {
        list(ranges) { writer, range in
            for value in [range.inside, range.outside, range.count] { writer.word(value) }
        }
    }

    mutating func time(_ time: FileTime) {
        long(UInt64(bitPattern: time.seconds))
        word(time.nanoseconds)
    }

    mutating func file(_ file: FileID) {
        long(file.device)
        long(file.inode)
    }

    mutating func entry(_ entry: UndoEntry) {
        long(entry.directory)
        text(entry.name)
    }
}

extension StateReader {
    mutating func identities() throws(Malformed) -> [UndoIDs] {
        try list { (reader) throws(Malformed) in
            UndoIDs(
                inside: try reader.word(), outside: try reader.word(), count: try reader.word())
        }
    }

    mutating func time() throws(Malformed) -> FileTime {
        let time = FileTime(seconds: Int64(bitPattern: try long()), nanoseconds: try word())
        guard time.nanoseconds < 1_000_000_000 else { throw Malformed() }
        return time
    }

    mutating func file() throws(Malformed) -> FileID {
        FileID(device: try long(), inode: try long())
    }

    /// Of a file in the session. A further one fits always.
    mutating func number() throws(Malformed) -> UInt64 {
        let number = try long()
        guard number < UndoRecord.largest else { throw Malformed() }
        return number
    }

    /// In bytes.
    mutating func size() throws(Malformed) -> UInt64 {
        let size = try long()
        guard size <= UndoRecord.largest else { throw Malformed() }
        return size
    }

    /// Absolute, and the directory that it seems to be.
    mutating func path() throws(Malformed) -> [UInt8] {
        let path = try text()
        let steps = path.split(separator: UInt8(ascii: "/"))
        guard path.first == UInt8(ascii: "/"), !path.contains(0),
            !steps.contains(where: { $0.elementsEqual(".".utf8) || $0.elementsEqual("..".utf8) })
        else { throw Malformed() }
        return path
    }

    /// A name that leads nowhere else.
    mutating func entry() throws(Malformed) -> UndoEntry {
        let entry = UndoEntry(try number(), try text())
        guard !entry.name.isEmpty, entry.name.count <= 255, !entry.name.contains(0),
            !entry.name.contains(UInt8(ascii: "/")), entry.name != [UInt8(ascii: ".")],
            entry.name != Array("..".utf8)
        else { throw Malformed() }
        return entry
    }
}
