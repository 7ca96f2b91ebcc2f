/// Something that takes any bytes at all: it must neither crash, nor hang, nor break its promises.
protocol Harness: SendableMetatype {
    /// By which the command knows it.
    static var name: String { get }
    /// Tries one input. A broken promise ends the process (``demand(_:_:)``).
    static func attempt(_ input: [UInt8])
}

/// Ends the process where a promise is broken; the fuzzer keeps the input.
func demand(_ isKept: @autoclosure () -> Bool, _ promise: @autoclosure () -> String) {
    guard isKept() else { fatalError(promise()) }
}

/// The bytes of an input as a source of choices. Behind its end all is 0.
struct Choices {
    private let bytes: [UInt8]
    private var place = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { place >= bytes.count }

    mutating func byte() -> UInt8 {
        guard !isAtEnd else { return 0 }
        defer { place += 1 }
        return bytes[place]
    }

    mutating func number(_ count: Int) -> UInt64 {
        (0..<count).reduce(0) { number, index in
            number | UInt64(byte()) << UInt64(8 * index)
        }
    }

    /// As many of the next bytes as are there.
    mutating func bytes(atMost count: Int) -> [UInt8] {
        let end = min(bytes.count, place + count)
        defer { place = end }
        return Array(bytes[place..<end])
    }

    mutating func element<Element>(of elements: [Element]) -> Element? {
        elements.isEmpty ? nil : elements[Int(byte()) % elements.count]
    }
}
