import Testing

@testable import bypassio_guard

@Suite("What the regression guard tells of a measurement")
struct ReportTests {
    private static let here = "6.3.1 x86_64"

    private func limits(_ lines: String...) throws -> Limits {
        try Limits(text: (["swift | \(Self.here)"] + lines).joined(separator: "\n"))
    }

    private func measured(_ figures: Figure...) -> Measurement {
        var measured = Measurement()
        figures.forEach { measured.add($0) }
        return measured
    }

    @Test(
        "a figure holds within its tolerance, and fails beyond it on either side",
        arguments: [
            (100, "holds"), (103, "holds"), (97, "holds"), (103.1, "EXCEEDED"), (96.9, "STALE"),
        ])
    func tolerance(value: Double, verdict: String) throws {
        let report = Report(
            measured(Figure(.instructions, "read", value)),
            try limits("instructions | read | 100 | 3%"), compiler: Self.here)
        #expect(report.lines.first?.hasPrefix(verdict) == true)
        #expect(report.failures == (verdict == "holds" ? 0 : 1))
    }

    @Test("one allocation more or less is not tolerated")
    func absolute() throws {
        let limits = try limits("allocations | read | 1 | 0.02")
        for (value, failures) in [(0.0, 1), (1.0, 0), (2.0, 1)] {
            let report = Report(
                measured(Figure(.allocations, "read", value)), limits, compiler: Self.here)
            #expect(report.failures == failures)
        }
    }

    @Test("a figure without a limit fails, and a limit without a figure")
    func unknown() throws {
        let report = Report(
            measured(Figure(.requests, "new", 1)), try limits("requests | old | 1 | 0"),
            compiler: Self.here)
        #expect(report.failures == 2)
    }

    @Test("what the machine cannot measure is skipped, what does not work fails")
    func gaps() throws {
        let limits = try limits("requests | mount, read, READ | 1 | 0")
        for (error, failures) in [
            (MeasurementError(machineLacks: "no such tool"), 0),
            (MeasurementError("the client ended early"), 1),
        ] {
            var measured = Measurement()
            measured.skip([.requests], route: "mount, read", error)
            let report = Report(measured, limits, compiler: Self.here)
            #expect(report.failures == failures)
            #expect(report.lines.first?.contains(error.description) == true)
        }
    }

    @Test("instructions of another compiler are not compared")
    func compiler() throws {
        let report = Report(
            measured(Figure(.instructions, "read", 500)),
            try limits("instructions | read | 100 | 3%"), compiler: "6.4 x86_64")
        #expect(report.failures == 0)
        #expect(report.lines.first?.hasPrefix("skipped   instructions: ") == true)
    }
}
