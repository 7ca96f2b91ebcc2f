/// The figures that were measured, and the gaps where none could be.
struct Measurement {
    /// Figures that this machine does not give.
    struct Gap {
        let kinds: Set<FigureKind>
        /// The start of the names of the routes concerned.
        let route: String
        let reason: String
        /// The measured program does not work: the guard must report that.
        let isFailure: Bool

        func covers(_ name: Figure.Name) -> Bool {
            kinds.contains(name.kind) && name.route.hasPrefix(route)
        }
    }

    private(set) var figures: [Figure] = []
    private(set) var gaps: [Gap] = []

    mutating func add(_ figure: Figure) { figures.append(figure) }

    mutating func skip(_ kinds: Set<FigureKind>, _ reason: String) {
        gaps.append(Gap(kinds: kinds, route: "", reason: reason, isFailure: false))
    }

    mutating func skip(_ kinds: Set<FigureKind>, route: String = "", _ error: any Error) {
        let isOfMachine = (error as? MeasurementError)?.isOfMachine ?? false
        gaps.append(
            Gap(kinds: kinds, route: route, reason: "\(error)", isFailure: !isOfMachine))
    }

    mutating func add(_ other: Measurement) {
        figures += other.figures
        gaps += other.gaps
    }
}
