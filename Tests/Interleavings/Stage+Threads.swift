import BypassIOProtocol
import IOStack

/// The operations of a program's threads.
extension Stage {
    var bodies: [@Sendable () -> Void] {
        var bodies: [@Sendable () -> Void] = []
        for (number, operations) in program.handles.enumerated() {
            bodies.append { [self] in
                run(operations, "handle", number) { try runHandle(number, $0) }
            }
        }
        for (number, operations) in program.filters.enumerated() {
            bodies.append { [self] in
                run(operations, "filter", number) { try runFilter(number, $0) }
            }
        }
        for (number, operations) in program.actors.enumerated() {
            bodies.append { [self] in
                var attached: FilterInstance?
                run(operations, "actor", number) { try runActor(number, $0, &attached) }
            }
        }
        return bodies
    }

    private func run<Operation>(
        _ operations: [Operation], _ who: String, _ number: Int, _ body: (Operation) throws -> Void
    ) {
        for (place, operation) in operations.enumerated() {
            explorer.begin(operation: place)
            do {
                try body(operation)
            } catch {
                explorer.fail("\(operation) of \(who) \(number) failed: \(error)")
            }
        }
    }

    private func runHandle(_ number: Int, _ operation: Program.HandleOperation) throws {
        let file = files[number]
        switch operation {
        case .read: try read(file, by: number)
        case .enable: _ = try file.bypassIO(.enable)
        case .disable:
            _ = try file.bypassIO(.disable)
            if file.isBypassEnabled { explorer.fail("bypass is enabled after a DISABLE") }
        case .query: _ = try file.bypassIO(.query)
        case .close: file.close()
        }
    }

    func read(_ file: FileObject, by reader: Int) throws {
        expectRead(by: reader)
        let buffer = HeapBuffer(capacity: Self.blockSize)
        let count = try file.read(
            at: UInt64(reader * Self.blockSize), length: Self.blockSize, into: buffer)
        guard count == Self.blockSize else { explorer.fail("a read came back short") }
    }

    /// The file object through which filters and actors send: it stays open.
    var sender: FileObject {
        let open = program.handles.firstIndex { !$0.contains(.close) } ?? 0
        return files[open]
    }

    private func runFilter(_ number: Int, _ operation: Program.FilterOperation) throws {
        switch operation {
        case .pause:
            vetoes[number].set(true)
            let answer = try instances[number].bypassIO(.streamPause, on: sender)
            pauses[number].set(true)
            demandNoBypass("a pause")
            if program.keepsBypass, !answer.flags.contains(.streamBypassPaused) {
                explorer.fail("the flags of a pause do not say that it is in force")
            }
        case .disable:
            vetoes[number].set(true)
            _ = try sender.bypassIO(.disable)
            pauses[number].set(true)
            demandNoBypass("a DISABLE by a filter")
        case .resume:
            pauses[number].set(false)
            vetoes[number].set(false)
            // A filter that vetoed and goes has the manager send RESUME again.
            _ = try instances[number].bypassIO(.streamResume, on: sender)
        }
    }

    private func runActor(
        _ number: Int, _ operation: Program.ActorOperation, _ attached: inout FilterInstance?
    ) throws {
        switch operation {
        case .attach:
            attached = try manager.filterManager.attach(blocker(of: number), to: volume)
            blocks[number].set(true)
            demandNoBypass("an attach")
        case .attachAuditor:
            guard let auditor else { explorer.fail("no auditor") }
            let instance = try manager.filterManager.attach(auditor, to: volume)
            try instance.pauseBypass()
            blocks[number].set(true)
            demandNoBypass("a pause of every file")
        case .detach:
            blocks[number].set(false)
            if let instance = attached.take() { try manager.filterManager.detach(instance) }
        case .volumePause:
            volumeVetoes[number].set(true)
            _ = try sender.bypassIO(.volumeStackPause, requestor: .kernel)
            volumePauses[number].set(true)
            for (reader, flag) in skipping.enumerated() where flag.isSet {
                explorer.fail("a read of handle \(reader) skips the drivers after a volume pause")
            }
        case .volumeResume:
            volumePauses[number].set(false)
            volumeVetoes[number].set(false)
            _ = try sender.bypassIO(.volumeStackResume, requestor: .kernel)
        case .cachedRead:
            try read(cachedFile(of: number), by: files.count + number)
            blocks[number].set(true)
            demandNoBypass("a cached read")
        case .closeCached:
            blocks[number].set(false)
            cachedFile(of: number).close()
        case .withdraw, .withdrawAll:
            guard let withdrawer else { explorer.fail("no filter withdraws") }
            let status = NTStatus.notSupportedWithMonitoring
            if operation == .withdraw {
                try withdrawer.bypass.withdraw(from: sender, status, reason: "Watched.")
            } else {
                try withdrawer.bypass.withdraw(status, reason: "Watched.")
            }
            // Of an actor that restores beside it nothing is known yet.
            guard program.actors.count == 1 else { break }
            blocks[number].set(true)
            demandNoBypass("a withdrawal")
        case .restore:
            blocks[number].set(false)
            withdrawer?.bypass.restore(to: sender)
        case .restoreAll:
            blocks[number].set(false)
            withdrawer?.bypass.restore()
        case .suspend:
            volume.suspendBypass(of: sender.stream, because: .sparse)
            blocks[number].set(true)
            demandNoBypass("a suspension")
        case .endSuspension:
            blocks[number].set(false)
            volume.endSuspension(of: sender.stream, because: .sparse)
        }
    }

    private func cachedFile(of actor: Int) -> FileObject {
        cached[program.actors[..<actor].count { $0.contains(.cachedRead) }]
    }

    private func blocker(of actor: Int) -> Minifilter {
        blockers[program.actors[..<actor].count { $0.contains(.attach) }]
    }

    private func demandNoBypass(_ what: String) {
        for (reader, flag) in bypassing.enumerated() where flag.isSet {
            explorer.fail("a read of handle \(reader) is in flight after \(what) returned")
        }
    }
}
