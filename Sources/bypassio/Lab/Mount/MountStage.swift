import BypassIOLab
import BypassIOProtocol
import CBypassIO
import CKernelABI
import DirectRead
import Foundation
import IOStack
import LinuxKit
import SystemPackage

/// A scenario's volume on a mount. System calls do here what programs do; the process that serves
/// the volume does what the stack does.
final class MountStage: ScenarioStage {
    let fileSystemName: String
    let isMount = true
    private let scenario: Scenario
    private let service: LabServiceProcess
    private let mountPoint: String
    private let contents: FileContents
    private let handles = Guarded<[String: MountHandle]>([:])

    init(
        _ scenario: Scenario, _ service: LabServiceProcess, mountPoint: String,
        fileSystemName: String
    ) {
        self.scenario = scenario
        self.service = service
        self.mountPoint = mountPoint
        self.fileSystemName = fileSystemName
        contents = FileContents(scenario.stage.files)
    }

    func perform(_ action: Action) -> Outcome {
        guard !action.isOfStack else { return askForStep(action) }
        do throws(Errno) {
            return try performed(action)
        } catch {
            var outcome = Outcome(NTStatus(errno: error.rawValue) ?? .unsuccessful)
            outcome.errno = error.rawValue
            return outcome
        }
    }

    /// The service has the same scenario, so the step's number is enough.
    private func askForStep(_ action: Action) -> Outcome {
        let index = scenario.steps.firstIndex { step in
            if case .start(_, let started) = step.action { return started == action }
            return step.action == action
        }
        guard let index else { return Outcome(problem: "no such step") }
        let reply = service.ask("step \(index)")
        return reply.outcome ?? Outcome(problem: reply.problem ?? "no outcome")
    }

    private func performed(_ action: Action) throws(Errno) -> Outcome {
        switch action {
        case .open(let name, let description): return try open(name, description)
        case .close(let name): return try close(name)
        case .control(let name, let control): return try send(control, on: name)
        case .read(let name, let offset, let length):
            return try read(name, at: offset, length)
        case .write(let name, let offset, let length):
            return try write(name, at: offset, length)
        case .truncate(let name, let size):
            try handle(name).use { file throws(Errno) in
                try Self.check(bpio_ftruncate(file.rawValue, Int64(clamping: size)))
            }
            contents.resize(path(name), to: size)
        case .punchHole(let name, let offset, let length):
            try handle(name).use { file throws(Errno) in
                try Self.check(
                    bpio_fallocate(
                        file.rawValue, BPIO_FALLOC_PUNCH_HOLE | BPIO_FALLOC_KEEP_SIZE,
                        Int64(clamping: offset), Int64(clamping: length)))
            }
            contents.clear(path(name), from: offset, length: length)
        case .map(let name): try handle(name).map()
        case .unmap(let name):
            try handle(name).unmap()
            waitUntilGone(name)
        default: return Outcome(problem: "this is not a program's step")
        }
        return Outcome()
    }

    private static func check(_ result: Int32) throws(Errno) {
        guard result >= 0 else { throw Errno(rawValue: -result) }
    }

    private func handle(_ name: String) throws(Errno) -> MountHandle {
        guard let handle = handles.withLock({ $0[name] }) else { throw .badFileDescriptor }
        return handle
    }

    private func path(_ name: String) -> String {
        handles.withLock { $0[name]?.path } ?? ""
    }

    // MARK: Open and close

    private func open(
        _ name: String, _ description: OpenDescription
    ) throws(Errno) -> Outcome {
        if let original = description.duplicateOf {
            let first = try handle(original)
            let copy = try first.use { file throws(Errno) in
                let number = dup(file.rawValue)
                guard number >= 0 else { throw Errno(rawValue: errno) }
                return FileDescriptor(rawValue: number)
            }
            keep(copy, name, first.path, first.isOrdinaryUser)
            return Self.outcome(service.ask("same \(name)=\(original)"))
        }
        let isDirectory =
            description.path.map { scenario.stage.directories.contains($0) } ?? true
        var options: FileDescriptor.OpenOptions = [.closeOnExec]
        if description.isNonCached { options.insert(.init(rawValue: BPIO_O_DIRECT)) }
        if isDirectory { options.insert(.init(rawValue: BPIO_O_DIRECTORY)) }
        let place = FilePath(mountPoint).appending(description.path ?? "")
        let mode: FileDescriptor.AccessMode = description.isWritable ? .readWrite : .readOnly
        let file = try MountHandle.asUser(description.isOrdinaryUser) { () throws(Errno) in
            do {
                return try FileDescriptor.open(place, mode, options: options)
            } catch let error as Errno {
                throw error
            } catch {
                throw Errno.ioError
            }
        }
        keep(file, name, description.path, description.isOrdinaryUser)
        return Self.outcome(service.ask("bind \(name)"))
    }

    private func keep(
        _ file: FileDescriptor, _ name: String, _ path: String?, _ isOrdinaryUser: Bool
    ) {
        let handle = MountHandle(file, path: path, isOrdinaryUser: isOrdinaryUser)
        handles.withLock { $0[name] = handle }
    }

    private static func outcome(_ reply: LabReply) -> Outcome {
        reply.problem.map { Outcome(problem: $0) } ?? Outcome()
    }

    private func close(_ name: String) throws(Errno) -> Outcome {
        try handle(name).close()
        waitUntilGone(name)
        return Outcome()
    }

    /// The kernel reports a handle's end to the service without waiting for it; the next step must
    /// find the handle gone.
    private func waitUntilGone(_ name: String) {
        guard handles.withLock({ $0[name]?.isGone }) == true else { return }
        let isLast = !scenario.steps.contains { step in
            if case .open(let copy, let description) = step.action {
                return description.duplicateOf == name
                    || (copy == name
                        && description.duplicateOf != nil)
            }
            return false
        }
        for _ in 0..<2000 where isLast {
            if service.ask("closed \(name)").isClosed ?? true { break }
            usleep(1000)
        }
    }

    // MARK: The control code

    private func send(
        _ control: ControlDescription, on name: String
    ) throws(Errno) -> Outcome {
        let input = control.inputBytes
        var output = [UInt8](repeating: Outcome.untouchedByte, count: control.outputLength)
        var status: Int32 = 0
        var written: UInt32 = 0
        try handle(name).use { file throws(Errno) in
            try Self.check(
                unsafe bypassio_fsctl(
                    file.rawValue, control.code.rawValue, input, UInt32(input.count), &output,
                    UInt32(output.count), &status, &written))
        }
        var outcome = Outcome(NTStatus(rawValue: UInt32(bitPattern: status)))
        outcome.information = Int(written)
        outcome.output = output
        return outcome
    }

    // MARK: Data

    private func read(
        _ name: String, at offset: UInt64, _ length: Int
    ) throws(Errno) -> Outcome {
        let handle = try handle(name)
        let before = service.ask("tally \(name)").tally
        let buffer = try AlignedBuffer(capacity: max(length, 1))
        let count = try handle.use { file in
            buffer.withMutableBytes(length) {
                SynchronousTransfer.read(file, into: &$0, at: offset)
            }
        }
        var outcome = Outcome()
        if count < 0 {
            outcome.errno = Int32(truncatingIfNeeded: -count)
            outcome.status =
                (NTStatus(errno: Int32(truncatingIfNeeded: -count)) ?? .unsuccessful)
                .rawValue
        } else {
            outcome.transferred = count
            let bytes = buffer.withBytes(count) { [UInt8](copying: $0) }
            outcome.wrongByteAt = contents.firstDifference(bytes, at: offset, of: path(name))
        }
        if let before, let after = service.ask("tally \(name)").tally {
            after.tell(since: before, &outcome)
        }
        return outcome
    }

    private func write(
        _ name: String, at offset: UInt64, _ length: Int
    ) throws(Errno) -> Outcome {
        let bytes = FileContents.written(length, at: offset)
        let buffer = try AlignedBuffer(capacity: max(length, 1))
        buffer.withMutableBytes(length) { span in
            for index in span.indices { span[index] = bytes[index] }
        }
        let count = try handle(name).use { file in
            buffer.withBytes(length) { SynchronousTransfer.write(file, from: $0, at: offset) }
        }
        guard count >= 0 else { throw Errno(rawValue: Int32(truncatingIfNeeded: -count)) }
        contents.write(Array(bytes.prefix(count)), at: offset, of: path(name))
        var outcome = Outcome()
        outcome.transferred = count
        return outcome
    }

    // MARK: The end

    func releaseAll() { _ = service.ask("release") }

    func end() -> [String] {
        let open = handles.withLock { handles in
            defer { handles = [:] }
            return handles
        }
        for handle in open.values {
            handle.unmap()
            handle.close()
        }
        let reply = service.ask("end")
        return reply.remains ?? [reply.problem ?? "the service did not say how it ended"]
    }
}
