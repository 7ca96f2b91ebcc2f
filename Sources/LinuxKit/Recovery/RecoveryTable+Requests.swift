internal import CKernelABI

/// Requests with effects, from before the first effect until the kernel has the reply. Any thread.
extension RecoveryTable {
    /// A request that the process that died had taken on.
    package struct Request: Sendable, Hashable {
        /// Without the bit that says that it was sent again.
        package var unique: UInt64
        package var opcode: UInt32
        /// Nanoseconds of the wall clock, a tick late at most.
        package var began: Int64
        /// What was there before; empty where nothing was noted.
        package var before: [UInt64]
        /// The reply, once it was ready; nil before.
        package var reply: [UInt8]?
    }

    package func begin(_ unique: UInt64, _ opcode: UInt32) {
        unsafe bpio_table_begin(table, unique, opcode)
    }

    /// Notes what is there before the request's effect: six words at most.
    package func note(_ before: [UInt64], for unique: UInt64) {
        unsafe before.withUnsafeBufferPointer { words in
            guard let start = words.baseAddress else { return }
            unsafe bpio_table_before(table, unique, start, UInt32(words.count))
        }
    }

    /// Notes the reply, before the kernel gets it.
    package func done(_ unique: UInt64, _ reply: Span<UInt8>) {
        unsafe reply.withUnsafeBufferPointer { bytes in
            guard let start = bytes.baseAddress else { return }
            unsafe bpio_table_done(table, unique, start, bytes.count)
        }
    }

    /// The kernel has the reply.
    package func over(_ unique: UInt64) { unsafe bpio_table_over(table, unique) }

    // MARK: The successor

    /// Writes down what the process before this one had under way, and had begun since `earliest`,
    /// nanoseconds of the wall clock: this one may die before the kernel has the answers.
    package func adoptRequests(of former: RecoveryTable, since earliest: Int64) {
        for place in 0..<UInt32(BPIO_TABLE_REQUESTS) {
            var copy = bpio_table_request()
            guard unsafe bpio_table_request(former.table, place, &copy) != 0,
                copy.began >= earliest
            else { continue }
            unsafe bpio_table_adopt(table, &copy)
        }
    }

    /// All that were under way.
    package var requests: [Request] {
        (0..<UInt32(BPIO_TABLE_REQUESTS)).compactMap { request(at: $0) }
    }

    /// nil where there is none.
    package func request(at place: UInt32) -> Request? {
        var copy = bpio_table_request()
        guard unsafe bpio_table_request(table, place, &copy) != 0 else { return nil }
        return Request(copy)
    }
}

extension RecoveryTable.Request {
    fileprivate init(_ copy: bpio_table_request) {
        let words = copy.before
        let all = [words.0, words.1, words.2, words.3, words.4, words.5]
        unique = copy.unique
        opcode = copy.opcode
        began = copy.began
        before = Array(all.prefix(Int(clamping: copy.has_before)))
        reply = nil
        guard copy.phase == 2 else { return }
        reply = unsafe withUnsafeBytes(of: copy.reply) { bytes in
            unsafe Array(bytes.prefix(Int(copy.length)))
        }
    }
}
