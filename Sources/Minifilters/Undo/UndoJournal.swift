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

    /// Gives the records one by one, and returns how many bytes they have.
    static func read(_ bytes: [UInt8], _ take: (UndoRecord) -> Void) -> Int {
        var place = 0
        while bytes.count - place >= head {
            var reader = StateReader(bytes, from: place)
            guard let length = try? Int(reader.word()), let sum = try? reader.long(),
                length <= longest, length <= bytes.count - place - head
            else { break }
            let body = Array(bytes[place + head..<place + head + length])
            guard body.stateSum(from: 0) == sum else { break }
            var content = StateReader(body)
            guard let record = try? UndoRecord(&content), content.isAtEnd else { break }
            take(record)
            place += head + length
        }
        return place
    }
}
