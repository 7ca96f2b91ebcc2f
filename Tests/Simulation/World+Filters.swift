import BypassIOProtocol
import FUSE
import IOStack

@testable import BypassIOMount

/// What filters, drivers and the file system do by themselves.
extension World {
    static let filterCount = 4

    /// The file object of an open handle; nil: it is being closed.
    private func object(_ handle: Handle, _ operation: Operation) -> FileObject? {
        try? operation.life.fileSystem.handles.handle(HandleID(handle.number)).file
    }

    private func filter(_ operation: Operation, _ body: (SimulatedFilter) -> String) -> String {
        guard let filter = filters[operation.step[0] % Self.filterCount],
            filter.state == .attached
        else { return "no filter" }
        return body(filter)
    }

    // MARK: Coming and going

    func attach(_ operation: Operation) -> String {
        let place = operation.step[0] % Self.filterCount
        guard filters[place] == nil else { return "taken" }
        attaches += 1
        let kinds = SimulatedFilter.Kind.allCases
        let filter = SimulatedFilter(kinds[operation.step[1] % kinds.count], attaches, self)
        filters[place] = filter
        let manager = operation.life.manager.filterManager
        do {
            filter.instance = try manager.attach(
                manager.register(filter.registration), to: operation.life.volume)
        } catch {
            if isCut(operation) { return "cut" }
            filter.state = .gone
            filters[place] = nil
            areRoutesKnown = false
            demand(
                error == .ioTimeout && operation.hadCompany,
                "\(operation.step): an attach fails with \(error)")
            return "\(error)"
        }
        if isCut(operation) { return "cut" }
        filter.state = .attached
        if filter.kind == .legacy { demandNone("an attach of a filter that did not opt in") }
        return "attached \(filter.kind)"
    }

    func detach(_ operation: Operation) -> String {
        filter(operation) { filter in
            guard let instance = filter.instance else { return "not attached" }
            filter.state = .detaching
            let began = tick()
            (filter.paused, filter.withdrawn, filter.standing) = ([], [], [])
            do {
                try operation.life.manager.filterManager.detach(instance)
            } catch {
                demand(isCut(operation), "\(operation.step): a detach fails with \(error)")
            }
            filter.state = .gone
            if isCut(operation) { return "cut" }
            filters[operation.step[0] % Self.filterCount] = nil
            areRoutesKnown = false
            // Where the file system cannot answer the question, it refuses. Beside a step that
            // changes verdicts, the filter that answered may veto no more by now.
            guard operation.met == nil, !operation.overlaps else { return "detached" }
            for file in files.values
            where file.routes.lastRefusal > file.routes.lastPause && verdict(of: file) == nil {
                // The manager asks again for a resume that was refused.
                file.routes.lastResume = max(file.routes.lastResume, began)
            }
            return "detached"
        }
    }

    // MARK: A filter that pauses

    func setVeto(_ vetoes: Bool, _ operation: Operation) -> String {
        filter(operation) { filter in
            guard filter.kind == .pausing else { return "not its way" }
            filter.vetoes = vetoes
            if !vetoes { filter.paused = [] }
            return "done"
        }
    }

    /// It vetoes from now on, and pauses (spec 4.4).
    func pause(_ operation: Operation) -> String {
        pausing(operation) { filter, instance, handle, object in
            filter.vetoes = true
            let leniencies = filter.leniencies
            do {
                _ = try instance.bypassIO(.streamPause, on: object)
            } catch {
                return isCut(operation) ? "cut" : excuse(error, operation)
            }
            if isCut(operation) { return "cut" }
            let routes = handle.file.routes
            routes.lastPause = tick()
            if handle.file.handles.contains(where: \.hasBypass) {
                (routes.isPaused, routes.isResumeRefused) = (true, false)
            }
            guard leniencies == filter.leniencies, filter.state == .attached else {
                return "overtaken"
            }
            filter.paused.append(handle.file)
            demandNone(of: handle.file, "a pause")
            return "paused"
        }
    }

    /// Runs `body` for the pausing filter and the handle that a step names, if both are there.
    private func pausing(
        _ operation: Operation,
        _ body: (SimulatedFilter, FilterInstance, Handle, FileObject) -> String
    ) -> String {
        filter(operation) { filter in
            withHandle(operation.step[1]) { handle in
                guard filter.kind == .pausing, let instance = filter.instance,
                    let object = object(handle, operation)
                else { return "not its way" }
                return body(filter, instance, handle, object)
            }
        }
    }

    /// Drains are bounded: what delays them has to be there.
    private func excuse(_ error: any Error, _ operation: Operation) -> String {
        areRoutesKnown = false
        let status = (error as? IOFailure)?.status
        let isExcused =
            status == .ioTimeout && operation.hadCompany || status == .fileClosed
            || status == .fltDeletingObject && operation.overlaps
        demand(isExcused, "\(operation.step) fails with \(error)")
        return "\(error)"
    }

    func resume(_ operation: Operation) -> String {
        pausing(operation) { filter, instance, handle, object in
            filter.vetoes = false
            filter.paused = []
            do {
                let answer = try instance.bypassIO(.streamResume, on: object)
                if isCut(operation) { return "cut" }
                noteResume(handle.file.routes, answer.results?.status, operation)
                return "\(answer.results?.status ?? .success)"
            } catch {
                return isCut(operation) ? "cut" : excuse(error, operation)
            }
        }
    }

    func withdraw(_ operation: Operation) -> String {
        changing(operation) { filter, instance, handle, object in
            filter.standing.append(handle.file)
            do {
                try instance.bypass.withdraw(
                    from: object, SimulatedFilter.veto, reason: "Audited.")
            } catch {
                return isCut(operation) ? "cut" : excuse(error, operation)
            }
            if isCut(operation) { return "cut" }
            handle.file.routes.lastPause = tick()
            filter.lastWithdrawal = handle.file.routes.lastPause
            guard filter.state == .attached else { return "overtaken" }
            filter.withdrawn.append(handle.file)
            demandNone(of: handle.file, "a withdrawal")
            return "withdrawn"
        }
    }

    func restore(_ operation: Operation) -> String {
        changing(operation) { filter, instance, handle, object in
            let hadWithdrawn = filter.withdrawn.contains { $0 === handle.file }
            filter.withdrawn.removeAll { $0 === handle.file }
            filter.standing.removeAll { $0 === handle.file }
            let began = tick()
            instance.bypass.restore(to: object)
            if isCut(operation) { return "cut" }
            // A pause that others began since then stays. Beside a step that changes verdicts, the
            // filter that answered may veto no more by now.
            let isOwn = handle.file.routes.lastPause == filter.lastWithdrawal
            if hadWithdrawn, isOwn, operation.met == nil, !operation.overlaps,
                verdict(of: handle.file) == nil
            {
                handle.file.routes.lastResume = max(handle.file.routes.lastResume, began)
            }
            return "restored"
        }
    }

    /// As ``pausing(_:_:)``, for one step of the filter at a time.
    private func changing(
        _ operation: Operation,
        _ body: (SimulatedFilter, FilterInstance, Handle, FileObject) -> String
    ) -> String {
        pausing(operation) { filter, instance, handle, object in
            // Others went on while the object was looked up.
            guard filter.changes == 0 else { return "not its way" }
            areRoutesKnown = false
            filter.changes += 1
            defer { filter.changes -= 1 }
            return body(filter, instance, handle, object)
        }
    }

    // MARK: A driver that pauses

    func pauseVolume(_ operation: Operation) -> String {
        withHandle(operation.step[0]) { handle in
            guard let object = object(handle, operation) else { return "closing" }
            let driver = operation.life.driver
            driver.vetoes = true
            let leniencies = driver.leniencies
            do {
                _ = try object.bypassIO(.volumeStackPause, requestor: .kernel)
            } catch {
                return isCut(operation) ? "cut" : excuse(error, operation)
            }
            if isCut(operation) { return "cut" }
            volumeRoutes.isPaused = true
            guard driver.leniencies == leniencies else { return "overtaken" }
            volumeRoutes.pauseHasReturned = true
            for other in operations.values where other.skipsDrivers {
                fail("\(other.step) skips the drivers after a VOLUME_STACK_PAUSE has returned")
            }
            return "paused"
        }
    }

    func resumeVolume(_ operation: Operation) -> String {
        withHandle(operation.step[0]) { handle in
            guard let object = object(handle, operation) else { return "closing" }
            volumeRoutes.pauseHasReturned = false
            operation.life.driver.vetoes = false
            do {
                let answer = try object.bypassIO(.volumeStackResume, requestor: .kernel)
                if isCut(operation) { return "cut" }
                if answer.results?.status == .success {
                    volumeRoutes.isPaused = false
                    if activeBypass > 0 { volumeRoutes.isRefused = false }
                }
                return "\(answer.results?.status ?? .success)"
            } catch {
                return isCut(operation) ? "cut" : excuse(error, operation)
            }
        }
    }

    // MARK: A file system that suspends

    func suspend(_ operation: Operation) -> String {
        withHandle(operation.step[0]) { handle in
            guard let object = object(handle, operation) else { return "closing" }
            operation.life.volume.suspendBypass(of: object.stream, because: .sparse)
            if isCut(operation) { return "cut" }
            handle.file.routes.isSuspended = true
            if operation.overlaps { return "done" }
            handle.file.routes.suspensionHasReturned = true
            demandNone(of: handle.file, "a suspension")
            return "suspended"
        }
    }

    func endSuspension(_ operation: Operation) -> String {
        withHandle(operation.step[0]) { handle in
            guard let object = object(handle, operation) else { return "closing" }
            handle.file.routes.suspensionHasReturned = false
            operation.life.volume.endSuspension(of: object.stream, because: .sparse)
            handle.file.routes.isSuspended = false
            return "ended"
        }
    }
}
