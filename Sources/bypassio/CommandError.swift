import ArgumentParser
import BypassIOMount
import FUSE
import HostFileSystem
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

/// The command's exit codes. They are an interface: `docs/exit-codes.md` lists them.
enum CommandStatus: Int32 {
    case success = 0
    /// `state`: BypassIO is not supported. `decode`: the buffer is malformed. `lab`: a scenario
    /// failed. `attach`, `detach`, `load`, `unload`, `set`: the volume or the filter refuses.
    case notSupported = 1
    /// `state`: filters can be bypassed, volume or storage drivers cannot.
    case partiallySupported = 2
    /// The command line is wrong; ArgumentParser exits with the same code (EX_USAGE).
    case usage = 64
    /// `lab`: a scenario file has a fault (EX_DATAERR).
    case malformed = 65
    /// The path does not exist, is not readable, or is of a kind that BypassIO does not know
    /// (EX_NOINPUT).
    case noInput = 66
    /// The kernel has no FUSE, or fusermount3 is missing, or the mount has no control
    /// interface (EX_UNAVAILABLE).
    case unavailable = 69
    /// A fault of ours or of the machine (EX_SOFTWARE).
    case internalError = 70
    /// Kept data or a report cannot be written, or the mount point cannot be used
    /// (EX_CANTCREAT).
    case cannotCreate = 73
    /// `umount`: files are in use. `filters` and others: the service does not answer, or is
    /// not done yet (EX_TEMPFAIL).
    case inUse = 75
    /// Not permitted (EX_NOPERM).
    case notPermitted = 77
    /// `bench`: a signal stopped it (128 and SIGINT, as shells have it).
    case interrupted = 130

    var exitCode: ExitCode { ExitCode(rawValue) }
}

extension CommandStatus {
    init(_ kind: MountError.Kind) {
        self =
            switch kind {
            case .noDevice, .helperMissing, .kernelTooOld, .transportNotOffered: .unavailable
            case .mountPointMissing, .mountPointNotDirectory, .mountPointBusy, .mountPointNotEmpty,
                .mountPointDead:
                .cannotCreate
            case .notMounted: .noInput
            case .inUse: .inUse
            case .notPermitted, .allowOtherRefused: .notPermitted
            case .handshakeFailed, .other: .internalError
            }
    }

    init(_ error: VolumeMountError) {
        switch error {
        case .mount(let error): self.init(error.kind)
        case .root: self = .noInput
        }
    }

    init(_ kind: HostVolumeError.Kind) {
        self =
            switch kind {
            case .directoryMissing, .notADirectory, .linksGoRound: .noInput
            case .notPermitted: .notPermitted
            case .mountTableUnreadable, .hostRefused: .internalError
            }
    }
}
