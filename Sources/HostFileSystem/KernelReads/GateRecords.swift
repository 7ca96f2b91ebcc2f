internal import CKernelABI

/// An event of a gate's mount (struct fanotify_event_metadata and the records behind it).
struct GateRecord: Sendable, Hashable {
    /// `FAN_*`.
    var mask: UInt64
    /// The descriptor of the event, which the reader of the event must close; negative if there is
    /// none.
    var file: Int32
    /// The acting thread; 0 for a thread that this process cannot see.
    var thread: UInt32
    /// The range about to be read, in bytes; nil if the kernel does not say.
    var range: Range?

    struct Range: Sendable, Hashable {
        var offset: UInt64
        var length: UInt64
    }
}

/// Walks the events in a buffer that read(2) of a group filled. Every length is checked; a record
/// that does not fit ends the walk.
struct GateRecords: Sendable {
    /// event_len 4, vers 1, reserved 1, metadata_len 2, mask 8, fd 4, pid 4.
    private static let metadataSize = 24
    /// info_type 1, pad 1, len 2.
    private static let headerSize = 4
    /// Header 4, pad 4, offset 8, count 8.
    private static let rangeSize = 24

    private let bytes: [UInt8]
    private let end: Int
    private var position = 0

    /// - Parameter length: how many bytes the kernel filled.
    init(_ bytes: [UInt8], length: Int) {
        self.bytes = bytes
        end = min(max(length, 0), bytes.count)
    }

    /// The next event; nil at the end.
    mutating func next() -> GateRecord? {
        guard end - position >= Self.metadataSize else { return nil }
        let start = position
        let length = Int(number(at: start, bytes: 4))
        let header = Int(number(at: start + 6, bytes: 2))
        guard length >= Self.metadataSize, length <= end - start, header >= Self.metadataSize,
            header <= length
        else {
            position = end
            return nil
        }
        position = start + length
        return GateRecord(
            mask: number(at: start + 8, bytes: 8),
            file: Int32(truncatingIfNeeded: number(at: start + 16, bytes: 4)),
            thread: UInt32(truncatingIfNeeded: number(at: start + 20, bytes: 4)),
            range: range(from: start + header, to: start + length))
    }

    private func range(from start: Int, to end: Int) -> GateRecord.Range? {
        var place = start
        while end - place >= Self.headerSize {
            let length = Int(number(at: place + 2, bytes: 2))
            guard length >= Self.headerSize, length <= end - place else { return nil }
            if Int32(bytes[place]) == BPIO_GATE_INFO_RANGE, length >= Self.rangeSize {
                return GateRecord.Range(
                    offset: number(at: place + 8, bytes: 8),
                    length: number(at: place + 16, bytes: 8))
            }
            place += length
        }
        return nil
    }

    private func number(at offset: Int, bytes count: Int) -> UInt64 {
        bytes[offset..<offset + count].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
