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
