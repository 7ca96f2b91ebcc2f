internal import IOStack

/// The form of the kernel route within a service's state (``ServiceState/bytes``).
extension HandedGates {
    func write(to body: inout StateWriter) {
        body.number(group)
        body.optional(guardian) { body, guardian in
            body.number(guardian.process)
            body.number(guardian.processDescriptor)
            body.number(guardian.channel)
        }
        body.list(waiting) { body, waiting in
            body.number(waiting.event)
            body.long(waiting.gate)
            body.long(waiting.read.offset)
            body.long(UInt64(waiting.read.length))
            body.word(waiting.read.thread)
        }
    }

    init(_ body: inout StateReader) throws(StateReader.Malformed) {
        let group = try body.number()
        let guardian = try body.optional { (body) throws(StateReader.Malformed) in
            Guardian(
                process: try body.number(), processDescriptor: try body.number(),
                channel: try body.number())
        }
        let waiting = try body.list { (body) throws(StateReader.Malformed) in
            WaitingRead(
                event: try body.number(), gate: try body.long(),
                read: KernelRead(
                    offset: try body.long(), length: try body.count(), thread: try body.word()))
        }
        self.init(group: group, guardian: guardian, waiting: waiting)
    }
}

extension HandedDoor {
    func write(to body: inout StateWriter) {
        body.number(storage)
        body.optional(gate) { body, gate in
            body.number(gate.unwatched)
            body.long(gate.number)
            body.flag(gate.isClosed)
            body.flag(gate.isWatched)
            body.flag(gate.isHeld)
            body.number(gate.missed)
            body.long(gate.lastOpen)
            body.list(gate.expected) { $1.write(to: &$0) }
            body.long(UInt64(max(0, gate.opens)))
            body.long(UInt64(max(0, gate.closes)))
            body.list(gate.passed) { body, passed in
                body.word(passed.thread)
                body.long(passed.runs)
            }
        }
    }

    init(_ body: inout StateReader) throws(StateReader.Malformed) {
        self.init(storage: try body.number())
        gate = try body.optional { (body) throws(StateReader.Malformed) in
            var gate = HandedGate(unwatched: try body.number(), number: try body.long())
            gate.isClosed = try body.flag()
            gate.isWatched = try body.flag()
            gate.isHeld = try body.flag()
            gate.missed = try body.number()
            gate.lastOpen = try body.long()
            gate.expected = try body.list { (body) throws(StateReader.Malformed) in
                try ExpectedOpen(&body)
            }
            gate.opens = try body.count()
            gate.closes = try body.count()
            gate.passed = try body.list { (body) throws(StateReader.Malformed) in
                HandedGate.Passed(thread: try body.word(), runs: try body.long())
            }
            return gate
        }
    }
}

extension ExpectedOpen {
    func write(to body: inout StateWriter) {
        body.word(thread)
        body.long(number)
    }

    init(_ body: inout StateReader) throws(StateReader.Malformed) {
        self.init(thread: try body.word(), number: try body.long())
    }
}

extension ServiceState.OpenWay {
    func write(to body: inout StateWriter) {
        switch self {
        case .cached: body.byte(0)
        case .pastCache(let backing):
            body.byte(1)
            body.number(backing)
        case .kernel(let backing):
            body.byte(2)
            body.number(backing)
        }
    }

    init(_ body: inout StateReader) throws(StateReader.Malformed) {
        switch try body.byte() {
        case 0: self = .cached
        case 1: self = .pastCache(try body.number())
        case 2: self = .kernel(try body.number())
        default: throw StateReader.Malformed()
        }
    }
}

extension StateWriter {
    fileprivate mutating func number(_ value: Int32) { word(UInt32(bitPattern: value)) }
}

extension StateReader {
    fileprivate mutating func number() throws(Malformed) -> Int32 {
        Int32(bitPattern: try word())
    }

    /// No more than fits.
    fileprivate mutating func count() throws(Malformed) -> Int {
        guard let count = Int(exactly: try long()) else { throw Malformed() }
        return count
    }
}
