/// Why something cannot be measured, for people.
struct MeasurementError: Error, CustomStringConvertible {
    let description: String
    /// The machine lacks something; otherwise what is measured does not work.
    let isOfMachine: Bool

    init(_ description: String) {
        self.description = description
        isOfMachine = false
    }

    init(machineLacks description: String) {
        self.description = description
        isOfMachine = true
    }
}
