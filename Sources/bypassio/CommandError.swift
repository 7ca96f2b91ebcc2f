import ArgumentParser
import Terminal

/// An error, in one sentence that says what to do about it.
struct CommandError: Error {
    let status: CommandStatus
    let message: String

    init(_ status: CommandStatus, _ message: String) {
        self.status = status
        self.message = message
    }
}

/// Runs a command's body: reports an error as one line on standard error and a documented exit
/// code.
func reportingErrors(_ body: () throws -> Void) throws {
    do {
        try body()
    } catch let error as CommandError {
        complain(error.message)
        throw error.status.exitCode
    } catch let error as ExitCode {
        throw error
    } catch {
        complain("internal error: \(error)")
        throw CommandStatus.internalError.exitCode
    }
}

private func complain(_ message: String) {
    StandardOutput.complain("\(Colour.ofErrors.paint("bypassio:", .red)) \(message.onOneLine)")
}
