/// The bytes that a file may hold, given all writes so far, those under way and those that failed.
///
/// Each byte has its possible sources: what a write brought, a zero, or nothing (the end of the
/// file lies before it). A change under way adds a source; when it is done it takes away those
/// that were settled before it began. So of two changes at the same time either may come last, and
/// of a change that failed each byte may be old or new.
struct FileModel {
    /// What a byte of a file comes from.
    enum Source: Hashable {
        case absent, zero
        case write(Int)

        /// - Parameter zero: as programs see a byte that nobody wrote.
        func byte(at place: Int, zero: UInt8) -> UInt8? {
            switch self {
            case .absent: nil
            case .zero: zero
            // Tells its write and its place.
            case .write(let number):
                UInt8(truncatingIfNeeded: number &* 151 &+ place &* 13 &+ place >> 8) | 1
            }
        }
    }

    private struct Option {
        var source: Source
        var change: Int
        /// nil: the change is under way.
        var settled: Int?
        /// nil: possible now.
        var gone: Int?
    }

    private struct Segment {
        var start: Int
        var options: [Option]
    }

    /// No step of a history reaches further.
    static let limit = 24576

    /// As programs see a byte that nobody wrote: a filter may change all bytes on their way.
    private let zero: UInt8

    init(zero: UInt8) { self.zero = zero }

    private var segments = [
        Segment(start: 0, options: [Option(source: .absent, change: 0, settled: 0, gone: nil)])
    ]

    /// The sources that a change brings to a byte with these possible sources.
    struct Effect {
        let range: Range<Int>
        let brings: @Sendable (Source) -> Source?
    }

    /// Changes that have begun and not ended.
    private var underWay: [(change: Int, effects: [Effect])] = []

    var isChanging: Bool { !underWay.isEmpty }

    // MARK: Changes

    mutating func begin(_ change: Int, _ effects: [Effect]) {
        underWay.append((change, effects))
        // Twice: a change may act on what another one brings that begins after it.
        for _ in 0..<2 { for (change, effects) in underWay { bring(change, effects) } }
    }

    private mutating func bring(_ change: Int, _ effects: [Effect]) {
        for effect in effects {
            edit(effect.range) { options in
                for option in options where option.gone == nil && option.change != change {
                    guard let source = effect.brings(option.source),
                        !options.contains(where: {
                            $0.change == change && $0.source == source && $0.gone == nil
                        })
                    else { continue }
                    options.append(
                        Option(source: source, change: change, settled: nil, gone: nil))
                }
            }
        }
    }

    /// The change is done: it came after all that was settled before it began.
    mutating func finish(_ change: Int, _ effects: [Effect], began: Int, now: Int) {
        underWay.removeAll { $0.change == change }
        for effect in effects {
            edit(effect.range) { options in
                for index in options.indices where options[index].gone == nil {
                    let option = options[index]
                    if option.change == change {
                        options[index].settled = now
                    } else if let settled = option.settled, settled < began,
                        effect.brings(option.source) != nil
                    {
                        options[index].gone = now
                    }
                }
            }
        }
    }

    /// The change may have happened, byte by byte.
    mutating func doubt(_ change: Int, now: Int) {
        underWay.removeAll { $0.change == change }
        edit(0..<Self.limit) { options in
            for index in options.indices where options[index].change == change {
                options[index].settled = now
            }
        }
    }

    /// The change has not happened, or nothing more of it than was finished.
    mutating func drop(_ change: Int) {
        underWay.removeAll { $0.change == change }
        edit(0..<Self.limit) { options in
            options.removeAll { $0.change == change && $0.settled == nil }
        }
    }

    private mutating func edit(_ range: Range<Int>, _ body: (inout [Option]) -> Void) {
        guard !range.isEmpty else { return }
        split(at: range.lowerBound)
        split(at: range.upperBound)
        for index in segments.indices where range.contains(segments[index].start) {
            body(&segments[index].options)
        }
    }

    private mutating func split(at place: Int) {
        guard place > 0, place < Self.limit else { return }
        let index = segments.lastIndex { $0.start <= place } ?? 0
        guard segments[index].start != place else { return }
        segments.insert(
            Segment(start: place, options: segments[index].options), at: index + 1)
    }

    /// Forgets what no read under way can have seen.
    mutating func purge(before oldest: Int) {
        for index in segments.indices {
            segments[index].options.removeAll { ($0.gone ?? .max) < oldest }
        }
    }

    // MARK: Looks

    /// The first fault of bytes that a look since `began` found; nil: they are right. `isWhole`:
    /// the look would have gone on if the file had.
    func fault(
        of bytes: [UInt8], at offset: Int, length: Int, since began: Int, isWhole: Bool = true
    ) -> String? {
        let end = min(offset + length, Self.limit)
        var place = offset
        while place < end {
            let (options, next) = options(at: place, since: began)
            let stop = min(next, end)
            while place < stop {
                let index = place - offset
                if index >= bytes.count {
                    guard isWhole, !options.contains(.absent) else { return nil }
                    return "the bytes end at \(place), where the file has \(options)"
                }
                guard options.contains(where: { $0.byte(at: place, zero: zero) == bytes[index] })
                else {
                    return "the byte at \(place) is \(bytes[index]) instead of \(options)"
                }
                place += 1
            }
        }
        return nil
    }

    private func options(at place: Int, since began: Int) -> (sources: [Source], end: Int) {
        let index = segments.lastIndex { $0.start <= place } ?? 0
        let sources = segments[index].options.filter { ($0.gone ?? .max) >= began }.map(\.source)
        return (sources, index + 1 < segments.count ? segments[index + 1].start : Self.limit)
    }

    /// Whether the file may have had this size since `began`.
    func mayHave(size: Int, since began: Int) -> Bool {
        guard size <= Self.limit else { return false }
        var place = 0
        while place < size {
            let (options, end) = options(at: place, since: began)
            guard options.contains(where: { $0 != .absent }) else { return false }
            place = end
        }
        return size == Self.limit || options(at: size, since: began).sources.contains(.absent)
    }

    /// Takes the bytes that lie below for the truth, where several were possible.
    mutating func settle(_ bytes: [UInt8], now: Int) {
        var settled: [Segment] = []
        func add(_ start: Int, _ source: Source) {
            if settled.last?.options[0].source == source { return }
            let option = Option(source: source, change: 0, settled: now, gone: nil)
            settled.append(Segment(start: start, options: [option]))
        }
        for (index, segment) in segments.enumerated() {
            guard segment.options.count > 1 else {
                add(segment.start, segment.options[0].source)
                continue
            }
            let end = index + 1 < segments.count ? segments[index + 1].start : Self.limit
            for place in segment.start..<end {
                let byte = place < bytes.count ? bytes[place] : nil
                let real = segment.options.first {
                    $0.source.byte(at: place, zero: zero) == byte
                }
                add(place, real?.source ?? .zero)
            }
        }
        segments = settled
    }
}

/// The effects of the changes that a mount knows.
extension [FileModel.Effect] {
    /// `count` bytes from a source; a gap before them is filled with zeros.
    static func write(_ source: FileModel.Source, at offset: Int, count: Int) -> Self {
        guard count > 0 else { return [] }
        return fill(upTo: offset) + [
            FileModel.Effect(range: offset..<offset + count) { _ in source }
        ]
    }

    /// The file reaches `size` at least.
    static func fill(upTo size: Int) -> Self {
        [FileModel.Effect(range: 0..<size) { $0 == .absent ? .zero : nil }]
    }

    static func truncate(to size: Int) -> Self {
        fill(upTo: size) + [FileModel.Effect(range: size..<FileModel.limit) { _ in .absent }]
    }

    /// Zeros where the file has bytes.
    static func punch(_ range: Range<Int>) -> Self {
        [FileModel.Effect(range: range) { $0 == .absent ? nil : .zero }]
    }
}
