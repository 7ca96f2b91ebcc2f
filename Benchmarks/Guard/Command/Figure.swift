/// One count of one route, per operation.
struct Figure {
    struct Name: Hashable {
        let kind: FigureKind
        let route: String
    }

    let name: Name
    let value: Double

    init(_ kind: FigureKind, _ route: String, _ value: Double) {
        name = Name(kind: kind, route: route)
        self.value = value
    }

    /// Two digits after the point at most.
    static func text(_ value: Double) -> String {
        let hundredths = Int((value * 100).rounded())
        let (whole, rest) = hundredths.magnitude.quotientAndRemainder(dividingBy: 100)
        let sign = hundredths < 0 ? "-" : ""
        if rest == 0 { return "\(sign)\(whole)" }
        if rest % 10 == 0 { return "\(sign)\(whole).\(rest / 10)" }
        return "\(sign)\(whole).\(rest < 10 ? "0" : "")\(rest)"
    }
}
