import BypassIOProtocol
public import IOStack

/// The records and their count go on after a restart.
extension ReadAudit: StatefulFilter {
    /// Bytes of a record.
    private static let recordSize = 48

    public var stateVersion: UInt32 { 1 }

    public func savedState() -> [UInt8] {
        let (records, total) = trail.saved
        var state = StateWriter()
        state.long(total)
        state.list(records.suffix((SavedFilterState.capacity - 16) / Self.recordSize)) {
            state, record in
            state.long(record.number)
            state.word(record.userID)
            state.word(UInt32(bitPattern: record.processID))
            state.long(record.file.device)
            state.long(record.file.inode)
            state.long(record.offset)
            state.word(UInt32(clamping: record.length))
            state.flag(record.succeeded)
        }
        return state.bytes
    }

    public func restore(_ state: [UInt8]) throws {
        var reader = StateReader(state)
        let total = try reader.long()
        let records = try reader.list { (reader) throws(StateReader.Malformed) in
            AuditRecord(
                number: try reader.long(), userID: try reader.word(),
                processID: Int32(bitPattern: try reader.word()),
                file: FileID(device: try reader.long(), inode: try reader.long()),
                offset: try reader.long(), length: Int(try reader.word()),
                succeeded: try reader.flag())
        }
        let isInOrder = zip(records, records.dropFirst()).allSatisfy { $0.number < $1.number }
        guard reader.isAtEnd, isInOrder, records.last.map({ $0.number < total }) ?? true else {
            throw StateReader.Malformed()
        }
        trail.restore(records, total: total)
    }
}
