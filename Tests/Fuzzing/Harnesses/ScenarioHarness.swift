import BypassIOLab

/// Any text is a scenario, or all its faults are told, each at a place of the text.
enum ScenarioHarness: Harness {
    static let name = "scenario"

    static func attempt(_ input: [UInt8]) {
        let text = String(decoding: input, as: UTF8.self)
        do throws(Diagnostics) {
            _ = try Scenario(parsing: text, file: "scenario")
        } catch {
            demand(!error.all.isEmpty, "a refused scenario has a fault")
            _ = error.description
        }
    }
}
