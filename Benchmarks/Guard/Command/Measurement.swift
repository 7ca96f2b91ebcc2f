/// What was measured, and what could not be.
struct Measurement {
    /// Figures that this machine does not give.
    struct Gap {
        let kinds: Set<FigureKind>
        /// nil: of all routes that have one.
        let route: String?
        let reason: String

        func covers(_ name: Figure.Name) -> Bool {
            kinds.contains(name.kind) && (route == nil || route == name.route)
        }
    }

    private(set) var figures: [Figure] = []
    private(set) var gaps: [Gap] = []

    mutating func add(_ figure: Figure) { figures.append(figure) }

    mutating func skip(_ kinds: Set<FigureKind>, route: String? = nil, _ reason: String) {
        gaps.append(Gap(kinds: kinds, route: route, reason: reason))
    }

    mutating func add(_ other: Measurement) {
        figures += other.figures
        gaps += other.gaps
    }
}
