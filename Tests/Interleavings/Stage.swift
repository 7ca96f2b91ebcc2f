import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage

/// A volume in memory for one execution of a program, and what must hold during and after it.
final class Stage: @unchecked Sendable {
    private let program: Program
    private let explorer: Explorer
    private let memory = MemoryVolume()
    private var files: [FileObject] = []
    private var instances: [FilterInstance] = []
    /// Of each filter: it vetoes ENABLE and QUERY.
    private let vetoes: [Flag]
    /// Of each filter: its pause returned, and it did not begin to resume.
    private let pauses: [Flag]
    /// Of each handle: its read is past the filters and at the disk.
    private let bypassing: [Flag]
    /// Of each handle, for its own thread: a filter saw the read under way.
    private let seen: [Flag]

    private static let blockSize = 512

    init(_ program: Program, _ explorer: Explorer) throws {
        self.program = program
        self.explorer = explorer
        vetoes = program.filters.map { _ in Flag() }
        pauses = program.filters.map { _ in Flag() }
        bypassing = program.handles.map { _ in Flag() }
        seen = program.handles.map { _ in Flag() }
        for number in program.filters.indices {
            instances.append(try memory.attach(filter(number)))
        }
        let made = try memory.volume.open(
            "data", access: [.read, .write], disposition: .overwriteIf)
        try made.write([UInt8](repeating: 7, count: 8192), at: 0)
        made.close()
        for _ in program.handles {
            let file = try memory.volume.open("data", options: .nonCached)
            guard try file.bypassIO(.enable).results?.status == .success else {
                explorer.fail("an ENABLE before the program was refused")
            }
            files.append(file)
        }
        memory.disk.readObserver = MemoryDisk.ReadObserver(
            began: { [unowned self] extent in began(extent) },
            finished: { [unowned self] extent in finished(extent) })
        // Nobody attaches, detaches or sets up the disk within a program.
        let closes = program.handles.contains { $0.contains(.close) }
        explorer.leaveOut {
            _ = memory.disk.reads
            for instance in instances { _ = instance.isAttached }
            if !closes { for file in files { file.lookAtWhatStandsStill() } }
        }
    }

    private func filter(_ number: Int) -> FilterRegistration {
        FilterRegistration(
            name: "filter\(number)", altitude: Altitude(integer: UInt(number) + 1),
            supportedFeatures: .bypassIO,
            operations: [
                OperationRegistration(
                    .read,
                    preOperation: { [unowned self] data, _ in
                        if case .read(let offset, _) = data.parameters {
                            seen[handle(at: offset)].unscheduled = true
                        }
                        return .successNoCallback
                    }),
                OperationRegistration(
                    .fileSystemControl,
                    preOperation: { [unowned self] data, instance in
                        guard data.bypassIOQuestion != nil, vetoes[number].isSet else {
                            return .successNoCallback
                        }
                        data.vetoBypassIO(
                            instance, status: .notSupportedWithBypassIO, reason: "Paused.")
                        return .complete
                    }),
            ])
    }

    private func handle(at offset: UInt64) -> Int { Int(offset) / Self.blockSize }

    // MARK: A read at the disk

    private func began(_ extent: StorageExtent) {
        let handle = handle(at: extent.offset)
        guard !seen[handle].unscheduled else { return }
        bypassing[handle].set(true)
        for (number, pause) in pauses.enumerated() where pause.isSet {
            explorer.fail(
                "a read of handle \(handle) bypasses within the pause of filter \(number)")
        }
    }

    private func finished(_ extent: StorageExtent) {
        let handle = handle(at: extent.offset)
        if !seen[handle].unscheduled { bypassing[handle].set(false) }
    }

    // MARK: The threads

    var bodies: [@Sendable () -> Void] {
        var bodies: [@Sendable () -> Void] = []
        for number in program.handles.indices { bodies.append { [self] in runHandle(number) } }
        for number in program.filters.indices { bodies.append { [self] in runFilter(number) } }
        return bodies
    }

    private func runHandle(_ number: Int) {
        let file = files[number]
        for operation in program.handles[number] {
            do {
                switch operation {
                case .read:
                    seen[number].unscheduled = false
                    let buffer = HeapBuffer(capacity: Self.blockSize)
                    let count = try file.read(
                        at: UInt64(number * Self.blockSize), length: Self.blockSize, into: buffer)
                    guard count == Self.blockSize else { explorer.fail("a read came back short") }
                case .enable: _ = try file.bypassIO(.enable)
                case .disable:
                    _ = try file.bypassIO(.disable)
                    if file.isBypassEnabled { explorer.fail("bypass is enabled after a DISABLE") }
                case .query: _ = try file.bypassIO(.query)
                case .close: file.close()
                }
            } catch {
                explorer.fail("\(operation.rawValue) of handle \(number) failed: \(error)")
            }
        }
    }

    /// The file object through which a filter sends: one that stays open.
    private var sender: FileObject {
        let open = program.handles.firstIndex { !$0.contains(.close) } ?? 0
        return files[open]
    }

    private func runFilter(_ number: Int) {
        for operation in program.filters[number] {
            do {
                switch operation {
                case .pause:
                    vetoes[number].set(true)
                    let answer = try instances[number].bypassIO(.streamPause, on: sender)
                    pauses[number].set(true)
                    for (handle, flag) in bypassing.enumerated() where flag.isSet {
                        explorer.fail(
                            "a read of handle \(handle) is in flight after a pause returned")
                    }
                    if program.keepsBypass, !answer.flags.contains(.streamBypassPaused) {
                        explorer.fail("the flags of a pause do not say that it is in force")
                    }
                case .resume:
                    pauses[number].set(false)
                    vetoes[number].set(false)
                    _ = try instances[number].bypassIO(.streamResume, on: sender)
                }
            } catch {
                explorer.fail("\(operation.rawValue) of filter \(number) failed: \(error)")
            }
        }
    }

    // MARK: Afterwards

    func check() {
        let stream = sender.stream
        let isHeld = vetoes.contains(where: \.unscheduled) && stream.bypassOpenCount > 0
        if program.keepsBypass, stream.isPaused != isHeld {
            explorer.fail(
                isHeld ? "a pause is lost" : "a resume is lost: no filter objects any more")
        }
        if !isHeld, stream.isPaused { explorer.fail("a resume is lost: the stream is paused") }
        let enabled = files.count { $0.isBypassEnabled }
        guard stream.bypassOpenCount == enabled, memory.volume.activeBypassCount == enabled else {
            explorer.fail("the counts do not tell how many handles have bypass")
        }
        for file in files { file.close() }
        let inside = memory.volume.bypassedReadsInFlight
        guard memory.volume.activeBypassCount == 0, stream.bypassOpenCount == 0,
            stream.bypassedReadsInFlight == 0, inside == (0, 0), memory.disk.openHandles == 0
        else { explorer.fail("the counts do not end at zero") }
    }
}
