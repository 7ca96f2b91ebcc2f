internal import CKernelABI
package import LinuxKit

/// An event of a watch (struct fanotify_event_metadata and the records behind it).
package struct ChangeRecord: Sendable, Hashable {
    /// `FAN_*`.
    package var mask: UInt64
    /// The acting process, or 0.
    package var process: Int32
    package var directory: KernelFileHandle?
    /// The name in the directory; empty if not reported.
    package var name: [UInt8] = []
    package var file: KernelFileHandle?
}

/// Walks the events in a buffer that read(2) of a watch filled. Every length is checked; a record
/// that does not fit ends the walk.
package struct ChangeRecords: Sendable {
    /// event_len 4, vers 1, reserved 1, metadata_len 2, mask 8, fd 4, pid 4.
    private static let metadataSize = 24
    /// info_type 1, pad 1, len 2, fsid 8, handle_bytes 4, handle_type 4.
    private static let informationSize = 20

    private let bytes: [UInt8]
    private let end: Int
    private var position = 0

    /// - Parameter length: how many bytes the kernel filled.
    package init(_ bytes: [UInt8], length: Int) {
        self.bytes = bytes
        end = min(max(length, 0), bytes.count)
    }

    /// The next event; nil at the end.
    package mutating func next() -> ChangeRecord? {
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
        var record = ChangeRecord(
            mask: number(at: start + 8, bytes: 8),
            process: Int32(truncatingIfNeeded: number(at: start + 20, bytes: 4)))
        readInformation(start + header..<start + length, into: &record)
        return record
    }

    private func readInformation(_ range: Range<Int>, into record: inout ChangeRecord) {
        var place = range.lowerBound
        while range.upperBound - place >= Self.informationSize {
            let type = Int32(number(at: place, bytes: 1))
            let length = Int(number(at: place + 2, bytes: 2))
            let handleLength = Int(number(at: place + 12, bytes: 4))
            let handleStart = place + Self.informationSize
            guard length >= Self.informationSize, length <= range.upperBound - place,
                handleLength <= length - Self.informationSize
            else { return }
            let handle = KernelFileHandle(
                type: Int32(truncatingIfNeeded: number(at: place + 16, bytes: 4)),
                bytes: Array(bytes[handleStart..<handleStart + handleLength]))
            switch type {
            case BPIO_WATCH_INFO_FILE: record.file = handle
            case BPIO_WATCH_INFO_DIRECTORY: record.directory = handle
            case BPIO_WATCH_INFO_NAME:
                record.directory = handle
                let name = bytes[handleStart + handleLength..<place + length]
                record.name = Array(name.prefix { $0 != 0 })
            default: break
            }
            place += length
        }
    }

    private func number(at offset: Int, bytes count: Int) -> UInt64 {
        bytes[offset..<offset + count].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
