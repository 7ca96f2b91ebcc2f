import ArgumentParser

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
