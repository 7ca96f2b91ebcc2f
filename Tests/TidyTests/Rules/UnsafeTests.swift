import Testing

/// Unsafe code is only in the places that docs/architecture.md lists. Benchmarks and tests call C
/// as they need to; no program depends on them.
struct UnsafeTests {
    /// Folders and files, each with its reason.
    private static let places = [
        // Folders whose purpose is unsafe code.
        "Sources/LinuxKit/": "system calls, the ring, memory, threads",
        "Sources/Locks/": "the mutex and the condition",
        "Sources/DirectRead/": "slots and buffers in memory",
        "Sources/FUSE/": "the device, mount(2), messages in memory",
        "Sources/FUSERing/": "messages in memory, commands of the ring",
        "Sources/IOStack/Concurrency/":
            "the mutex of Guarded, values made on demand, the scheduler",
        // Places of the stack.
        "Sources/IOStack/Files/ReadCounters.swift": "members without checks of exclusivity",
        "Sources/IOStack/Filtering/Manager/OperationChain.swift": "a node that is lent",
        "Sources/IOStack/Model/Requests/IOBuffer.swift": "bytes and paths copied whole",
        "Sources/IOStack/Filtering/Request/SpareRequest.swift": "the thread's own request",
        // Secrets, which are wiped, and bytes that the cipher gets without a copy.
        "Sources/Encryption/Format/": "secrets, the cipher, getentropy(3)",
        // Single calls of libc and of C targets.
        "Sources/BypassIOClient/BypassIOClient.swift": "the control code, in C",
        "Sources/BypassIOLab/Run/CarryingThread.swift": "the state of a thread",
        "Sources/ControlInterface/Server/ControlExecutor.swift": "a job that is run elsewhere",
        "Sources/ControlInterface/Place/ControlPlace.swift": "getenv(3)",
        "Sources/MemoryFileSystem/Disk/ThreadIdentity.swift": "the thread that runs",
        "Sources/BypassIOBench/Meters/ProcessUse.swift":
            "CPU time, and threads of a process, perf_event_open(2)",
        "Sources/BypassIOBench/Routes/NamePass.swift":
            "statx(2) and listings as a program asks for them",
        "Sources/BypassIOBench/Routes/PathRoute.swift": "taking its folder away",
        "Sources/BypassIOBench/Routes/PeerRoute.swift": "folders for file systems of others",
        "Sources/BypassIOBench/Routes/ServedMount.swift": "is it mounted, and umount2(2)",
        "Sources/BypassIOBench/Run/BenchFolder.swift": "taking its folders away, signals",
        "Sources/BypassIOBench/Workloads/BenchTree.swift": "making folders",
        "Sources/bypassio/Arguments/ArgumentPath.swift": "lstat(2)",
        "Sources/bypassio/Decode/BufferSource.swift": "standard input",
        "Sources/bypassio/Lab/Mount/MountHandle.swift":
            "mapping a file, a temporary folder and its files' flags",
        "Sources/bypassio/Lab/Mount/MountStage.swift": "the control code, in C",
        "Sources/bypassio/Lab/ScenarioFiles.swift": "is it a folder",
        "Sources/bypassio/Log/LogSink.swift": "is it a socket, datagrams to the journal",
        "Sources/bypassio/Mount/BackgroundService.swift":
            "a process of its own and the pipe to it, signals, datagrams to the service manager",
        "Sources/bypassio/Mount/ServiceLimits.swift": "setrlimit(2), stat(2) of the source",
        "Sources/bypassio/Sample/SampleMountPoint.swift": "a temporary folder",
        "Sources/bypassio/State/HostPath.swift": "lstat(2)",
        "Sources/bypassio/Top/TopScreen.swift": "the terminal",
        "Sources/Terminal/ChildProcess.swift": "waitpid",
        "Sources/Terminal/ChildStream.swift": "posix_spawn",
        "Sources/bypassio/Encrypt/KeyHardening.swift": "setrlimit(2)",
        "Sources/bypassio/Encrypt/PassphraseProgram.swift": "posix_spawn, poll, waitpid",
        "Sources/bypassio/Encrypt/PassphraseSource.swift": "reading into memory that is wiped",
        "Sources/bypassio/Guard/GuardProcess.swift": "posix_spawn, waitpid",
        "Sources/bypassio/Policy/ShippedFilter+Policy.swift": "users by their names",
        "Sources/bypassio/Why/Asker.swift": "users, and becoming another user",
    ]

    @Test("unsafe code stands only in the folders and files that are there for it")
    func isWhereItMayBe() {
        var findings: [Finding] = []
        var used: Set<String> = []
        for file in Tree.own.files(below: "Sources") where file.path.hasSuffix(".swift") {
            let lines = Self.linesOfUnsafeCode(file.tokens)
            guard !lines.isEmpty else { continue }
            if let place = Self.places.keys.first(where: { file.path.hasPrefix($0) }) {
                used.insert(place)
                continue
            }
            findings += lines.map { line in
                Finding(
                    path: file.path, line: line,
                    fault: "unsafe code outside the places that are listed for it",
                    remedy:
                        "Call it in one of them, or list the file, with its reason, in \(Self.list)."
                )
            }
        }
        expectNone(findings)
        expectNone(
            Self.places.keys.filter { !used.contains($0) }.sorted().map { place in
                Finding(
                    path: Self.list, fault: "stale: \(place) has no unsafe code",
                    remedy: "Take it out of the list.")
            })
    }

    /// `unsafe`, `@unsafe` and `nonisolated(unsafe)`.
    private static func linesOfUnsafeCode(_ tokens: [Token]) -> [Int] {
        tokens.indices.filter { index in
            tokens[index].is("unsafe") && !(index > 0 && tokens[index - 1].is("."))
        }.map { tokens[$0].line }
    }

    private static let list = Tree.relative(#filePath)
}
