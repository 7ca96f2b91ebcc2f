import ArgumentParser
import BypassIOLab
import Foundation
import SystemPackage

/// `bypassio lab-service`: the process that serves a scenario's volume. `lab run --mount` starts
/// it; it reads requests from standard input and answers on standard output.
struct LabServiceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lab-service", shouldDisplay: false)

    @Argument var scenario: String
    @Argument var source: String
    @Argument var mountPoint: String

    func run() throws {
        try reportingErrors {
            umask(0)
            let text = try ScenarioFiles.text(scenario)
            let service: LabService
            do {
                service = try LabService(
                    try Scenario(parsing: text, file: scenario), source: source,
                    mountPoint: mountPoint)
            } catch let error as CommandError {
                LabService.answer(
                    0, LabReply(problem: error.message, exitCode: error.status.rawValue))
                return
            }
            service.serve()
        }
    }
}
