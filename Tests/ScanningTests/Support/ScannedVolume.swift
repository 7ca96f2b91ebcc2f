import BypassIOProtocol
import Dispatch
import IOStack
import MemoryFileSystem
import Scanning
import SystemPackage

/// A volume in memory with a scanner whose engine is a fake.
final class ScannedVolume: Sendable {
    static let evil = Array("so EVIL! it is".utf8)
    static let good = Array("nothing but good".utf8)

    let memory = MemoryVolume()
    let engine: FakeEngine
    let filter: ScanFilter
    let instance: FilterInstance
    private final class Events: Sendable { let all = Guarded<[ScanEvent]>([]) }
    private let told = Events()
    var events: [ScanEvent] { told.all.withLock { $0 } }

    init(
        _ engine: FakeEngine = FakeEngine(), store: (any VerdictKeeping)? = nil,
        quarantine: (any Quarantining)? = nil, _ change: (inout ScanSettings) -> Void = { _ in }
    ) throws {
        self.engine = engine
        var settings = ScanSettings()
        change(&settings)
        let told = told
        filter = ScanFilter(
            engine, settings,
            ScanFilter.Surroundings(
                report: { event in told.all.withLock { $0.append(event) } }, store: store,
                sync: { true }, quarantine: quarantine))
        instance = try memory.attach(filter)
    }

    var volume: Volume { memory.volume }
    static let user = Requestor.user(1000, process: 7)

    func kinds() -> [ScanEvent.Kind] { events.map(\.kind) }

    /// Makes a file below the filter, as somebody does in SOURCE.
    func store(_ bytes: [UInt8], as name: FilePath) throws {
        let file = try instance.open(
            CreateParameters(path: name, access: [.read, .write], disposition: .overwriteIf))
        defer { file.close() }
        try instance.write(file, at: 0, length: bytes.count, from: HeapBuffer(bytes))
    }

    /// As a program does.
    func open(
        _ name: FilePath, _ access: CreateParameters.Access = .read,
        _ disposition: CreateParameters.Disposition = .open,
        options: CreateParameters.Options = []
    ) throws(IOFailure) -> FileObject {
        let root = try volume.open("", options: .attributesOnly)
        defer { root.close() }
        return try volume.open(
            CreateParameters(
                path: name, directory: root, access: access, disposition: disposition,
                options: options),
            requestor: Self.user)
    }

    /// The status of an open for reading.
    func tryToOpen(_ name: FilePath) -> NTStatus {
        do throws(IOFailure) {
            try open(name).close()
            return .success
        } catch {
            return error.status
        }
    }

    /// A program that writes a file.
    func write(_ bytes: [UInt8], to name: FilePath) throws {
        let file = try open(name, [.read, .write], .overwriteIf)
        defer { file.close() }
        _ = try file.write(bytes, at: 0)
    }
}

extension FileObject {
    func readAsUser() -> NTStatus {
        do throws(IOFailure) {
            _ = try read(at: 0, length: 16)
            return .success
        } catch {
            return error.status
        }
    }
}

/// Polls; false if it did not hold within half a minute.
func eventually(_ condition: () -> Bool) -> Bool {
    let nobody = DispatchSemaphore(value: 0)
    for _ in 0..<30_000 {
        if condition() { return true }
        _ = nobody.wait(timeout: .now() + .milliseconds(1))
    }
    return false
}
