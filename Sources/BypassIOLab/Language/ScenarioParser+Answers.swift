import BypassIOProtocol
import IOStack

/// The answers behind an arrow.
extension ScenarioParser {
    func expectations(
        _ cursor: inout TokenCursor
    ) throws(Diagnostic) -> [Located<Expectation>] {
        var result: [Located<Expectation>] = []
        repeat {
            // Commas only help the reader.
            while !result.isEmpty, cursor.take(.comma) {}
            let position = cursor.position
            result.append(Located(try expectation(&cursor), position))
        } while !cursor.isAtEnd
        return result
    }

    private func expectation(_ cursor: inout TokenCursor) throws(Diagnostic) -> Expectation {
        if let status = cursor.nextStatus {
            cursor.skip()
            return .status(status)
        }
        for (words, route) in Vocabulary.routes where cursor.take(words) { return .route(route) }
        if let found = try plainAnswer(&cursor) { return found }
        if let found = try valueAnswer(&cursor) { return found }
        if let word = cursor.word, word.first?.isNumber == true {
            let count = try cursor.count("a number of bytes", in: 0...Int(Int32.max))
            try cursor.need("bytes")
            return .transferred(count)
        }
        throw cursor.fault(
            "an answer: success, STATUS_…, vetoed STATUS_…, driver, reason, win32, flags, "
                + "information, count, storage-driver, bytes at, untouched from, N bytes, "
                + "full bypass, filter bypass, storage bypass, traditional, because, open-count, "
                + "paused, enabled, suspended by, or not …")
    }

    /// Answers without a value.
    private func plainAnswer(
        _ cursor: inout TokenCursor
    ) throws(Diagnostic) -> Expectation? {
        if cursor.take("success") { return .success }
        if cursor.take("paused") { return .paused(true) }
        if cursor.take("enabled") { return .enabled(true) }
        guard cursor.take("not") else { return nil }
        return try cursor.choice(
            [
                ("paused", .paused(false)), ("enabled", .enabled(false)),
                ("suspended", .suspended(nil)),
            ], "what it is not")
    }

    private func valueAnswer(
        _ cursor: inout TokenCursor
    ) throws(Diagnostic) -> Expectation? {
        if cursor.take("vetoed") { return .vetoed(try cursor.status()) }
        if cursor.take("win32") {
            return .win32(UInt32(try cursor.number("an error's number", in: 0...0xFFFF_FFFF)))
        }
        if cursor.take("driver") {
            return .driver(cursor.take("file-system") ? nil : try cursor.name("a driver's name"))
        }
        if cursor.take("reason") { return .reason(try cursor.text("the reason")) }
        if cursor.take("information") {
            return .information(try cursor.count("a number of bytes", in: 0...4096))
        }
        if cursor.take("flags") { return .flags(try flags(&cursor)) }
        if cursor.take("count") {
            return .activeCount(UInt32(try cursor.number("a count", in: 0...0xFFFF_FFFF)))
        }
        if cursor.take("storage-driver") {
            return .storageDriver(try cursor.name("the storage driver's name"))
        }
        if cursor.take("bytes", "at") { return try bytes(&cursor) }
        if cursor.take("untouched", "from") {
            return .untouched(from: try cursor.count("an offset", in: 0...4096))
        }
        if cursor.take("because") {
            return .cause(try cursor.choice(Vocabulary.causes, "a cause"))
        }
        if cursor.take("open-count") {
            return .bypassOpenCount(try cursor.count("a count", in: 0...1_000_000))
        }
        if cursor.take("suspended", "by") {
            return .suspended(try suspension(&cursor))
        }
        return nil
    }

    private func flags(_ cursor: inout TokenCursor) throws(Diagnostic) -> BypassIOOutputFlags {
        var flags: BypassIOOutputFlags = []
        repeat {
            flags.formUnion(try cursor.choice(Vocabulary.outputFlags, "a flag"))
        } while cursor.take(.bar)
        return flags
    }

    private func suspension(
        _ cursor: inout TokenCursor
    ) throws(Diagnostic) -> StreamSuspension {
        var causes: StreamSuspension = []
        repeat {
            causes.formUnion(try cursor.choice(Vocabulary.suspensions, "what suspends"))
        } while cursor.take(.bar)
        return causes
    }

    /// `bytes at 24 = D2 04 00 C0`.
    private func bytes(_ cursor: inout TokenCursor) throws(Diagnostic) -> Expectation {
        let offset = try cursor.count("an offset", in: 0...4096)
        try cursor.need(.equals, "'='")
        var bytes: [UInt8] = []
        while let word = cursor.word, word.utf8.count == 2, let byte = UInt8(word, radix: 16) {
            bytes.append(byte)
            cursor.skip()
        }
        guard !bytes.isEmpty else { throw cursor.fault("bytes of two hexadecimal digits each") }
        return .bytes(at: offset, bytes)
    }
}

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
