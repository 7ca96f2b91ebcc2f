import BypassIOProtocol

/// The actions of a program on a handle.
extension ScenarioParser {
    private static let largestTransfer = 16 << 20

    func handleAction(
        _ cursor: inout TokenCursor, _ handle: String
    ) throws(Diagnostic) -> Action {
        if let operation = Vocabulary.operations.first(where: { $0.word == cursor.word })?.value {
            cursor.skip()
            var control = ControlDescription(operation)
            if cursor.take("skip-storage-stack") {
                control.input.flags = .skipStorageStackQuery
            }
            return .control(handle: handle, control)
        }
        if cursor.take("close") { return .close(handle: handle) }
        if cursor.take("map") { return .map(handle: handle) }
        if cursor.take("unmap") { return .unmap(handle: handle) }
        if cursor.take("stream") { return .stream(handle: handle) }
        if cursor.take("control") { return try control(&cursor, handle) }
        if cursor.take("read") {
            let (offset, length) = try extent(&cursor)
            return .read(handle: handle, offset: offset, length: length)
        }
        if cursor.take("write") {
            let (offset, length) = try extent(&cursor)
            return .write(handle: handle, offset: offset, length: length)
        }
        if cursor.take("truncate") {
            let size = try cursor.number("a size in bytes", in: 0...(64 << 20), withUnit: true)
            return .truncate(handle: handle, size: size)
        }
        if cursor.take("punch-hole") {
            let (offset, length) = try extent(&cursor)
            return .punchHole(handle: handle, offset: offset, length: UInt64(length))
        }
        let operations = Vocabulary.operations.map(\.word).joined(separator: ", ")
        throw cursor.fault(
            "\(operations), control, read, write, truncate, punch-hole, map, unmap, stream or "
                + "close")
    }

    private func extent(
        _ cursor: inout TokenCursor
    ) throws(Diagnostic) -> (offset: UInt64, length: Int) {
        let offset = try cursor.number(
            "an offset in bytes", in: 0...UInt64(Int64.max), withUnit: true)
        let length = try cursor.count("a length in bytes", in: 0...Self.largestTransfer)
        return (offset, length)
    }

    /// `control CODE operation N [flags N] [reserved1 N] [reserved2 N] [input N bytes]
    /// [output N bytes]`.
    private func control(
        _ cursor: inout TokenCursor, _ handle: String
    ) throws(Diagnostic) -> Action {
        let word = UInt64(UInt32.max)
        let code = UInt32(
            truncatingIfNeeded: try cursor.number("a control code", in: 0...word))
        var control = ControlDescription(BypassIOOperation(rawValue: 0))
        control.code = ControlCode(rawValue: code)
        while !cursor.isAtEnd, cursor.next?.kind != .arrow {
            if cursor.take("operation") {
                let number = try cursor.number("an operation's number", in: 0...word)
                control.input.operation = BypassIOOperation(rawValue: UInt32(number))
            } else if cursor.take("flags") {
                let number = try cursor.number("flags", in: 0...word)
                control.input.flags = BypassIOInputFlags(rawValue: UInt32(number))
            } else if cursor.take("reserved1") {
                control.input.reserved1 = try cursor.number("a number")
            } else if cursor.take("reserved2") {
                control.input.reserved2 = try cursor.number("a number")
            } else if cursor.take("input") {
                control.inputLength = try length(&cursor)
            } else if cursor.take("output") {
                control.outputLength = try length(&cursor)
            } else {
                throw cursor.fault(
                    "operation, flags, reserved1, reserved2, input, output or '->'")
            }
        }
        return .control(handle: handle, control)
    }

    /// More than the 488 bytes that an ioctl carries, because programs may offer more.
    private func length(_ cursor: inout TokenCursor) throws(Diagnostic) -> Int {
        let length = try cursor.count("a length in bytes", in: 0...65536)
        try cursor.need("bytes")
        return length
    }
}
