import CPosixCalls

/// The last operations of a worker, in a file. They stay readable after a signal ended the worker,
/// and while it hangs.
struct OperationLog: ~Copyable {
    static let slots = 64
    static let slotBytes = 200

    private let descriptor: Int32
    private(set) var count = 0

    init(path: String) throws {
        descriptor = Int32(
            try Finding.check("open \(path)", unsafe call_open(path, 0o2 | 0o100, 0o644)))
    }

    deinit { _ = call_close(descriptor) }

    /// Call before the operation starts.
    mutating func add(_ operation: String) {
        var line = Array("\(count) \(operation)".utf8.prefix(OperationLog.slotBytes - 1))
        line += [UInt8](repeating: 0x20, count: OperationLog.slotBytes - 1 - line.count) + [0x0A]
        let place = Int64(count % OperationLog.slots * OperationLog.slotBytes)
        _ = unsafe call_pwrite(descriptor, line, line.count, place)
        count += 1
    }

    /// The operations, oldest first.
    static func lines(of text: String) -> [String] {
        let numbered = text.split(separator: "\n").compactMap { line -> (Int, String)? in
            guard let number = line.split(separator: " ").first.flatMap({ Int($0) }) else {
                return nil
            }
            let last = line.lastIndex { $0 != " " } ?? line.startIndex
            return (number, String(line[...last]))
        }
        return numbered.sorted { $0.0 < $1.0 }.map(\.1)
    }
}
