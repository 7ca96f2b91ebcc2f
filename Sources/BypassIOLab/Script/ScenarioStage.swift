public import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage

/// The place where a script runs: in this process, or on a mount.
///
/// Usable from any thread, several actions at once.
public protocol ScenarioStage: AnyObject, Sendable {
    /// The file system's name in its vetoes.
    var fileSystemName: String { get }
    var isMount: Bool { get }

    /// Does an action and returns when it is done, which may take long. Never gets
    /// ``Action/start(name:_:)``, ``Action/stillWaiting(name:)`` or ``Action/returned(name:)``.
    func perform(_ action: Action) -> Outcome

    /// Releases everything that the script holds, so that waiting actions can end.
    func releaseAll()

    /// Closes all handles and reports what was left wrong. No action is performed afterwards.
    func end() -> [String]
}

/// A volume in memory within this process. Every answer is the stack's own.
public final class InProcessStage: ScenarioStage {
    /// Seconds to wait until a read is held.
    private let patience: Int
    private let stack: StagedStack
    private let contents: FileContents
    private let paths = Guarded<[String: String]>([:])
    public let fileSystemName: String
    public let isMount = false

    /// - Throws: the NTSTATUS of a file that cannot be made, or of a filter that cannot be
    ///   attached.
    public init(_ stage: StageDescription, patience: Int = 10) throws(NTStatus) {
        self.patience = patience
        let disk = MemoryDisk(
            name: stage.storage.name, storageType: stage.storage.type,
            offsetAlignment: stage.storage.alignment)
        let fileSystem = MemoryFileSystem(on: disk, name: stage.fileSystemName)
        contents = FileContents(stage.files)
        fileSystemName = stage.fileSystemName
        try Self.make(stage, in: fileSystem, on: disk)
        stack = try StagedStack(stage, fileSystem: fileSystem, storage: disk)
    }

    /// Makes the files through a volume of their own, which no filter sees.
    private static func make(
        _ stage: StageDescription, in fileSystem: MemoryFileSystem, on disk: MemoryDisk
    ) throws(NTStatus) {
        let volume = IOManager().mount(fileSystem, named: "before", storage: disk)
        do throws(IOFailure) {
            for directory in stage.directories {
                try volume.open(
                    CreateParameters(
                        path: FilePath(directory), disposition: .create, kind: .directory)
                ).close()
            }
            for description in stage.files {
                let file = try volume.open(
                    FilePath(description.path), access: [.read, .write], disposition: .create)
                try file.write(FileContents.initial(description), at: 0)
                file.close()
                try fileSystem.setAttributes(
                    description.attributes, at: FilePath(description.path))
            }
        } catch {
            throw error.status
        }
    }

    public func perform(_ action: Action) -> Outcome {
        do throws(IOFailure) {
            return try performed(action)
        } catch {
            return Outcome(error)
        }
    }

    private func performed(_ action: Action) throws(IOFailure) -> Outcome {
        switch action {
        case .open(let handle, let description): return try open(handle, description)
        case .close(let handle):
            try file(handle).close()
            return Outcome()
        case .control(let handle, let control):
            return Outcome(sending: control, to: try file(handle), requestor: nil)
        case .read(let handle, let offset, let length):
            return try read(handle, at: offset, length)
        case .write(let handle, let offset, let length):
            let bytes = FileContents.written(length, at: offset)
            var outcome = Outcome()
            outcome.transferred = try file(handle).write(bytes, at: offset)
            contents.write(bytes, at: offset, of: path(handle))
            return outcome
        case .truncate(let handle, let size):
            try file(handle).apply(.endOfFile(size))
            contents.resize(path(handle), to: size)
            return Outcome()
        case .punchHole(let handle, let offset, let length):
            try file(handle).apply(.allocation(.punchHole, offset: offset, length: length))
            contents.clear(path(handle), from: offset, length: length)
            return Outcome()
        case .map, .unmap:
            return Outcome(problem: "a mapping needs a mount: no process maps a file in memory")
        default: return stack.perform(action, patience: patience)
        }
    }

    private func file(_ handle: String) throws(IOFailure) -> FileObject {
        guard let file = stack.file(handle) else { throw IOFailure(.invalidHandle) }
        return file
    }

    private func path(_ handle: String) -> String { paths.withLock { $0[handle] ?? "" } }

    private func open(
        _ handle: String, _ description: OpenDescription
    ) throws(IOFailure) -> Outcome {
        if let original = description.duplicateOf {
            // As dup(2): another name of the same file object.
            stack.bind(try file(original), to: handle)
            paths.withLock { $0[handle] = $0[original] }
            return Outcome()
        }
        let requestor =
            description.isOrdinaryUser
            ? Requestor.user(65534, group: 65534) : Requestor.user(0, administrator: true)
        let file = try stack.volume.open(
            FilePath(description.path ?? ""),
            access: description.isWritable ? [.read, .write] : .read,
            options: description.isNonCached ? .nonCached : [], requestor: requestor)
        stack.bind(file, to: handle)
        paths.withLock { $0[handle] = description.path }
        return Outcome()
    }

    private func read(
        _ handle: String, at offset: UInt64, _ length: Int
    ) throws(IOFailure) -> Outcome {
        let file = try file(handle)
        let before = ReadTally(file)
        var outcome = Outcome()
        do throws(IOFailure) {
            let bytes = try file.read(at: offset, length: length)
            outcome.transferred = bytes.count
            outcome.wrongByteAt = contents.firstDifference(bytes, at: offset, of: path(handle))
        } catch {
            outcome.status = error.status.rawValue
        }
        ReadTally(file).tell(since: before, &outcome)
        return outcome
    }

    public func releaseAll() { stack.releaseAll() }

    public func end() -> [String] {
        stack.releaseAll()
        for handle in stack.handles { stack.file(handle)?.close() }
        return stack.remains
    }
}
