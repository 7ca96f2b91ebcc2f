import Foundation

/// The stored limits: a text file, a line a figure.
struct Limits {
    struct Line {
        var value: Double
        var tolerance: Tolerance
    }

    /// The compiler whose instructions the limits count.
    private(set) var compiler: String?
    private(set) var lines: [Figure.Name: Line] = [:]

    init() {}

    init(file: String) throws(LimitsError) {
        guard let data = FileManager.default.contents(atPath: file),
            let text = String(bytes: data, encoding: .utf8)
        else { throw LimitsError(description: "\(file) cannot be read; --write makes it.") }
        try self.init(text: text, name: file)
    }

    /// - Parameter file: the name that errors give to the file.
    init(text: String, name file: String = "the limits") throws(LimitsError) {
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated()
        where !line.isEmpty && !line.hasPrefix("#") {
            guard parse(line) else {
                throw LimitsError(
                    description: "\(file), line \(number + 1): not `figure | route | value | "
                        + "tolerance`: \(line)")
            }
        }
    }

    private mutating func parse(_ line: Substring) -> Bool {
        let parts = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
        if parts.count == 2, parts[0] == "swift" {
            compiler = parts[1]
            return true
        }
        guard parts.count == 4, let kind = FigureKind(rawValue: parts[0]),
            let value = Double(parts[2]), let tolerance = Tolerance(parts[3][...])
        else { return false }
        lines[Figure.Name(kind: kind, route: parts[1])] = Line(value: value, tolerance: tolerance)
        return true
    }

    /// Replaces the lines of measured figures; drops lines of routes that no longer exist, and
    /// keeps lines of figures that could not be measured.
    mutating func renew(_ measured: Measurement, compiler here: String?) {
        var new = lines.filter { line in measured.gaps.contains { $0.covers(line.key) } }
        for figure in measured.figures {
            new[figure.name] = Line(
                value: figure.value,
                tolerance: lines[figure.name]?.tolerance
                    ?? figure.name.kind.tolerance(of: figure.value))
        }
        lines = new
        if measured.figures.contains(where: { $0.name.kind == .instructions }) {
            compiler = here
        }
    }

    func write(to file: String) throws(LimitsError) {
        do {
            try Data(text.utf8).write(to: URL(fileURLWithPath: file), options: .atomic)
        } catch {
            throw LimitsError(description: "\(file) cannot be written: \(error)")
        }
    }

    var text: String {
        var text = """
            # What each route costs per operation: see docs/testing.md, "The regression guard".
            # bypassio-guard compares, bypassio-guard --write renews.
            # Instructions hold for this compiler:
            swift | \(compiler ?? "unknown")

            # figure | route | value | tolerance on either side

            """
        for kind in FigureKind.allCases {
            let ofKind = lines.filter { $0.key.kind == kind }.sorted { $0.key.route < $1.key.route }
            for (name, line) in ofKind {
                text += "\(kind.rawValue) | \(name.route) | \(Figure.text(line.value)) | "
                text += "\(line.tolerance)\n"
            }
            if !ofKind.isEmpty { text += "\n" }
        }
        return text
    }
}
