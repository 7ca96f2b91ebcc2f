import IOStack

/// The form of a journal on the disk: frames, each with its length, a sum and one record.
package enum UndoJournal {
    /// Bytes before a record: its length and its sum.
    private static let head = 12
    /// In bytes; a record holds extended attributes, which the kernel limits.
    private static let longest = 16 << 20

    package static func frames(_ records: [UndoRecord]) -> [UInt8] {
        var bytes: [UInt8] = []
        for record in records {
            var writer = StateWriter()
            record.write(to: &writer)
            var head = StateWriter()
            head.word(UInt32(writer.bytes.count))
            head.long(writer.bytes.stateSum(from: 0))
            bytes += head.bytes
            bytes += writer.bytes
        }
        return bytes
    }

    /// What a journal says, and how many of its bytes do. What is behind was torn: the change that
    /// it was about had not been made.
    package static func records(_ bytes: [UInt8]) -> (records: [UndoRecord], length: Int) {
        var records: [UndoRecord] = []
        let length = read(bytes) { records.append($0) }
        return (records, length)
    }

    /// The first record, of the first bytes of a journal; nil where they do not hold it.
    package static func first(_ bytes: [UInt8]) -> UndoRecord? {
        record(bytes, at: 0)?.record
    }

    /// The record at a place, and where the next is; nil where it is torn.
    private static func record(
        _ bytes: [UInt8], at place: Int
    ) -> (record: UndoRecord, end: Int)? {
        guard bytes.count - place >= head else { return nil }
        var reader = StateReader(bytes, from: place)
        guard let length = try? Int(reader.word()), let sum = try? reader.long(),
            length <= longest, length <= bytes.count - place - head
        else { return nil }
        let end = place + head + length
        let body = Array(bytes[place + head..<end])
        guard body.stateSum(from: 0) == sum else { return nil }
        var content = StateReader(body)
        guard let record = try? UndoRecord(&content), content.isAtEnd else { return nil }
        return (record, end)
    }

    /// Gives the records one by one, and returns how many bytes they have.
    static func read(_ bytes: [UInt8], _ take: (UndoRecord) -> Void) -> Int {
        var place = 0
        while let (record, end) = record(bytes, at: place) {
            take(record)
            place = end
        }
        return place
    }
}
