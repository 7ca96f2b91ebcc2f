/// How far a figure may be from its limit, on either side.
enum Tolerance: Equatable, CustomStringConvertible {
    case percent(Double)
    case absolute(Double)

    /// `3%` or `0.5`.
    init?(_ text: Substring) {
        if text.hasSuffix("%"), let value = Double(text.dropLast()), value >= 0 {
            self = .percent(value)
        } else if let value = Double(text), value >= 0 {
            self = .absolute(value)
        } else {
            return nil
        }
    }

    func range(around value: Double) -> ClosedRange<Double> {
        let distance =
            switch self {
            case .percent(let percent): value * percent / 100
            case .absolute(let distance): distance
            }
        return value - distance...value + distance
    }

    var description: String {
        switch self {
        case .percent(let percent): "\(Figure.text(percent))%"
        case .absolute(let distance): Figure.text(distance)
        }
    }
}
