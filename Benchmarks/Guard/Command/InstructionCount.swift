import Foundation
import GuardedRoutes

/// Instructions of the routes within the process, as callgrind executes them.
///
/// `bypassio-guard-routes` runs every route in a call of its own of `guarded_stretch`, whose
/// instructions callgrind writes into a file of their own.
enum InstructionCount {
    private static let operations = 1000

    static func measure() -> Measurement {
        var measured = Measurement()
        do {
            let names = try InProcessRoute.all().map(\.name)
            for (name, total) in zip(names, try run(stretches: names.count)) {
                measured.add(Figure(.instructions, name, total / Double(operations)))
            }
        } catch {
            measured.skip([.instructions], error)
        }
        return measured
    }

    private static func run(stretches: Int) throws -> [Double] {
        guard Tool.find("valgrind") != nil else {
            throw MeasurementError(
                machineLacks: "valgrind is not installed (Debian package valgrind)")
        }
        guard let built = Tool.sibling("bypassio-guard-routes") else {
            throw MeasurementError("the product bypassio-guard-routes is not built")
        }
        let folder = try ScratchFolder()
        let program = folder.path + "/routes"
        // valgrind refuses the debug information that Swift writes.
        let strip = try Tool.run(["strip", "--strip-debug", "-o", program, built])
        guard strip.code == 0 else { throw MeasurementError("strip failed: \(strip.errors)") }
        let answer = try Tool.run(
            [
                "valgrind", "--tool=callgrind", "--callgrind-out-file=\(folder.path)/out",
                "--collect-atstart=no", "--toggle-collect=guarded_stretch",
                "--dump-after=guarded_stretch", program, "\(operations)",
            ],
            // Makes hash tables the same in every run.
            environment: ["SWIFT_DETERMINISTIC_HASHING": "1"])
        guard answer.code == 0 else {
            throw MeasurementError(
                "valgrind ended with \(answer.code): \(answer.errors.suffix(400))")
        }
        return try (1...stretches).map { try total(in: "\(folder.path)/out.\($0)") }
    }

    private static func total(in file: String) throws -> Double {
        let text = String(
            decoding: FileManager.default.contents(atPath: file) ?? Data(), as: UTF8.self)
        guard let found = text.firstMatch(of: /(?m)^summary: ([0-9]+)/),
            let total = Double(found.1)
        else { throw MeasurementError("callgrind wrote no summary to \(file)") }
        return total
    }
}
