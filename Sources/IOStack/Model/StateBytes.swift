/// Puts a state together that another process takes apart; little-endian, without padding. For the
/// state of a ``StatefulFilter``, for example.
public struct StateWriter {
    /// What was put together so far.
    public private(set) var bytes: [UInt8] = []

    public init() {}

    public mutating func append(_ other: StateWriter) { bytes += other.bytes }

    public mutating func byte(_ value: UInt8) { bytes.append(value) }
    public mutating func flag(_ value: Bool) { bytes.append(value ? 1 : 0) }

    public mutating func word(_ value: UInt32) {
        for shift in stride(from: UInt32(0), to: 32, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    public mutating func long(_ value: UInt64) {
        word(UInt32(truncatingIfNeeded: value))
        word(UInt32(truncatingIfNeeded: value >> 32))
    }

    /// Bytes, with their count before them.
    public mutating func text(_ value: [UInt8]) {
        word(UInt32(clamping: value.count))
        bytes += value
    }

    public mutating func text(_ value: String) { text(Array(value.utf8)) }

    public mutating func optional<Element>(
        _ element: Element?, _ write: (inout StateWriter, Element) -> Void
    ) {
        flag(element != nil)
        if let element { write(&self, element) }
    }

    /// Elements, with their count before them.
    public mutating func list<Element>(
        _ elements: some Collection<Element>, _ write: (inout StateWriter, Element) -> Void
    ) {
        word(UInt32(clamping: elements.count))
        for element in elements { write(&self, element) }
    }
}

/// Takes a state apart. Every step is checked: what was written by another version, or cut, is
/// refused.
public struct StateReader {
    /// The bytes are no state that this program understands.
    public struct Malformed: Error {
        public init() {}
    }

    private let bytes: [UInt8]
    private var place: Int

    /// Begins at `place`, an index of `bytes`.
    public init(_ bytes: [UInt8], from place: Int = 0) {
        self.bytes = bytes
        self.place = place
    }

    /// Nothing is left.
    public var isAtEnd: Bool { place == bytes.count }

    public mutating func byte() throws(Malformed) -> UInt8 {
        guard place < bytes.count else { throw Malformed() }
        defer { place += 1 }
        return bytes[place]
    }

    public mutating func flag() throws(Malformed) -> Bool {
        let value = try byte()
        guard value < 2 else { throw Malformed() }
        return value == 1
    }

    public mutating func word() throws(Malformed) -> UInt32 {
        guard bytes.count - place >= 4 else { throw Malformed() }
        var value: UInt32 = 0
        for index in 0..<4 { value |= UInt32(bytes[place + index]) << UInt32(8 * index) }
        place += 4
        return value
    }

    public mutating func long() throws(Malformed) -> UInt64 {
        let low = try word()
        return UInt64(try word()) << 32 | UInt64(low)
    }

    public mutating func text() throws(Malformed) -> [UInt8] {
        let count = Int(try word())
        guard count <= bytes.count - place else { throw Malformed() }
        defer { place += count }
        return Array(bytes[place..<place + count])
    }

    public mutating func string() throws(Malformed) -> String {
        String(decoding: try text(), as: UTF8.self)
    }

    public mutating func optional<Element>(
        _ read: (inout StateReader) throws(Malformed) -> Element
    ) throws(Malformed) -> Element? {
        try flag() ? try read(&self) : nil
    }

    public mutating func list<Element>(
        _ read: (inout StateReader) throws(Malformed) -> Element
    ) throws(Malformed) -> [Element] {
        let count = Int(try word())
        // An element takes a byte at least, so a wrong count reserves no memory.
        guard count <= bytes.count - place else { throw Malformed() }
        var elements: [Element] = []
        elements.reserveCapacity(count)
        for _ in 0..<count { elements.append(try read(&self)) }
        return elements
    }
}

extension Array where Element == UInt8 {
    /// FNV-1a over the bytes from `start` on, eight at a time.
    package func stateSum(from start: Int) -> UInt64 {
        var sum: UInt64 = 0xCBF2_9CE4_8422_2325
        var place = start
        while count - place >= 8 {
            var word: UInt64 = 0
            for index in 0..<8 { word |= UInt64(self[place + index]) << UInt64(8 * index) }
            sum = (sum ^ word) &* 0x100_0000_01B3
            sum ^= sum >> 32
            place += 8
        }
        for index in place..<count { sum = (sum ^ UInt64(self[index])) &* 0x100_0000_01B3 }
        return sum
    }
}
