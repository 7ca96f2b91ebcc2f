/// Why a measurement is impossible, as a text for people.
struct MeasurementError: Error, CustomStringConvertible {
    let description: String
    /// The machine lacks something; otherwise the measured program does not work.
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
