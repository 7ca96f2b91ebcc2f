import Testing

@testable import bypassio_guard

@Suite("The file of the limits")
struct LimitsTests {
    @Test("what is written is read back")
    func roundTrip() throws {
        var measured = Measurement()
        measured.add(Figure(.instructions, "read, full bypass", 201.414))
        measured.add(Figure(.requests, "mount, read, READ", 1))
        var limits = Limits()
        limits.renew(measured, compiler: "6.3.1 x86_64")
        let again = try Limits(text: limits.text)
        #expect(again.text == limits.text)
        #expect(again.compiler == "6.3.1 x86_64")
        let name = Figure.Name(kind: .instructions, route: "read, full bypass")
        #expect(again.lines[name]?.value == 201.41)
        #expect(again.lines[name]?.tolerance == .percent(3))
    }

    @Test("renewing keeps tolerances and what could not be measured, and drops what is no more")
    func renew() throws {
        var limits = try Limits(
            text: """
                swift | 6.3.1 x86_64
                allocations | read | 4 | 2
                allocations | gone | 4 | 0
                requests | mount | 1 | 0
                """)
        var measured = Measurement()
        measured.add(Figure(.allocations, "read", 0))
        measured.skip([.requests], "needs root")
        limits.renew(measured, compiler: nil)
        #expect(limits.lines.count == 2)
        let read = limits.lines[Figure.Name(kind: .allocations, route: "read")]
        #expect(read?.value == 0)
        #expect(read?.tolerance == .absolute(2))
        #expect(limits.lines[Figure.Name(kind: .requests, route: "mount")]?.value == 1)
        #expect(limits.compiler == "6.3.1 x86_64")
    }

    @Test(
        "a line that is none is told by its number",
        arguments: [
            "instructions | read | 1", "steps | read | 1 | 0", "requests | read | few | 0",
            "requests | read | 1 | -1",
        ])
    func malformed(line: String) {
        let error = #expect(throws: LimitsError.self) {
            try Limits(text: "# figures\n\n\(line)\n", name: "limits")
        }
        #expect(error?.description.hasPrefix("limits, line 3: ") == true)
    }
}
