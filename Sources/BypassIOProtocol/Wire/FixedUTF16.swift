/// A driver's file name, at most 32 UTF-16 units (`FailingDriverName`, ntifs.h).
public typealias DriverName = FixedUTF16<32>
/// A veto's reason, at most 128 UTF-16 units (`FailureReason`, ntifs.h).
public typealias FailureReason = FixedUTF16<128>

/// A text of at most `capacity` UTF-16 units, stored in place. Windows puts such a text into a
/// structure as a count of characters and an array that need not end in NUL.
public struct FixedUTF16<let capacity: Int>: Sendable {
    /// The units; those from `length` on are zero.
    var units: InlineArray<capacity, UInt16>
    /// UTF-16 units in use, never more than `capacity`.
    public private(set) var length: UInt16

    /// The empty text.
    public init() {
        units = InlineArray(repeating: 0)
        length = 0
    }

    /// The text cut to `capacity` units, and never through the middle of a surrogate pair.
    public init(truncating text: String) {
        self.init()
        var count = 0
        for scalar in text.unicodeScalars {
            let encoded = UTF16.encode(scalar)
            guard let encoded, count + encoded.count <= capacity else { break }
            for unit in encoded {
                units[count] = unit
                count += 1
            }
        }
        length = UInt16(truncatingIfNeeded: count)
    }

    /// The same as `init(truncating:)`: a longer text is cut.
    public init(_ text: String) {
        self.init(truncating: text)
    }

    /// Exactly these units, unpaired surrogates included; units over `capacity` are dropped.
    public init(units source: some Sequence<UInt16>) {
        self.init()
        var count = 0
        for unit in source.prefix(capacity) {
            units[count] = unit
            count += 1
        }
        length = UInt16(truncatingIfNeeded: count)
    }

    /// `length` units from `offset` on; a length over `capacity` is clamped to it.
    init(decoding bytes: Span<UInt8>, at offset: Int, length: Int) {
        self.init()
        let count = min(length, capacity)
        for index in 0..<count {
            units[index] = bytes.uint16(at: offset + 2 * index)
        }
        self.length = UInt16(truncatingIfNeeded: count)
    }

    /// Whether there is no text.
    public var isEmpty: Bool { length == 0 }

    /// The first `length` units as text. The count decides; a NUL is a character like any other. An
    /// unpaired surrogate becomes U+FFFD.
    public var string: String {
        String(decoding: (0..<Int(length)).lazy.map { units[$0] }, as: UTF16.self)
    }

    /// The index of the first NUL among the units in use.
    var firstNUL: Int? {
        (0..<Int(length)).first { units[$0] == 0 }
    }

    /// The index of the first unit that is half of a surrogate pair without its other half.
    public var firstUnpairedSurrogate: Int? {
        var index = 0
        while index < Int(length) {
            let unit = units[index]
            if UTF16.isLeadSurrogate(unit) {
                guard index + 1 < Int(length), UTF16.isTrailSurrogate(units[index + 1]) else {
                    return index
                }
                index += 1
            } else if UTF16.isTrailSurrogate(unit) {
                return index
            }
            index += 1
        }
        return nil
    }
}

extension FixedUTF16: Hashable {
    public static func == (left: Self, right: Self) -> Bool {
        guard left.length == right.length else { return false }
        for index in 0..<Int(left.length) where left.units[index] != right.units[index] {
            return false
        }
        return true
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(length)
        for index in 0..<Int(length) {
            hasher.combine(units[index])
        }
    }
}

extension FixedUTF16: CustomStringConvertible {
    public var description: String { string }
}

extension FixedUTF16: ExpressibleByStringLiteral {
    public init(stringLiteral text: StaticString) {
        self.init(truncating: text.description)
    }
}
