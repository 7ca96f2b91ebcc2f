import ArgumentParser

/// What went wrong, in one sentence that says what to do about it.
struct CommandError: Error {
    let status: CommandStatus
    let message: String

    init(_ status: CommandStatus, _ message: String) {
        self.status = status
        self.message = message
    }
}

/// Runs a command's body: an error is one line on standard error and a documented exit code.
func reportingErrors(_ body: () throws -> Void) throws {
    do {
        try body()
    } catch let error as CommandError {
        StandardOutput.complain("bypassio: \(error.message.onOneLine)")
        throw error.status.exitCode
    } catch let error as ExitCode {
        throw error
    } catch {
        StandardOutput.complain("bypassio: internal error: \("\(error)".onOneLine)")
        throw CommandStatus.internalError.exitCode
    }
}
