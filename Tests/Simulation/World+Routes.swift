import IOStack

@testable import BypassIOMount
@testable import IOStack

/// Which way reads take, and may take.
extension World {
    /// A read has reached the disk.
    func readBegan(_ operation: Operation) {
        operation.hasReachedDisk = true
        guard let handle = operation.handle, !operation.life.isDead else { return }
        if !operation.isSeenByFilters { beginFilterBypass(operation, handle) }
        if !operation.isSeenByDrivers {
            operation.skipsDrivers = true
            demand(
                !volumeRoutes.pauseHasReturned,
                "\(operation.step) skips the drivers within a VOLUME_STACK_PAUSE")
        }
    }

    private func beginFilterBypass(_ operation: Operation, _ handle: Handle) {
        operation.skipsFilters = true
        let (step, file) = (operation.step, handle.file)
        demand(handle.isDirect, "\(step): a cached read bypasses")
        demand(!handle.isDisabled, "\(step): a read bypasses through a handle without bypass")
        demand(
            !file.routes.suspensionHasReturned, "\(step): a read bypasses within a suspension")
        demand(
            !file.handles.contains { !$0.isDirect && !$0.isReleased },
            "\(step): a read bypasses while a handle is cached")
        for filter in filters.values where filter.state == .attached {
            demand(
                filter.kind != .legacy, "\(step): a read bypasses \(filter.name), not opted in")
            demand(
                !filter.paused.contains { $0 === file },
                "\(step): a read bypasses within the pause of \(filter.name)")
            demand(
                !filter.withdrawn.contains { $0 === file },
                "\(step): a read bypasses although \(filter.name) withdrew bypass")
        }
    }

    /// No read of the file, or of any, is past the filters now.
    func demandNone(of file: FileRecord? = nil, _ after: String) {
        for other in operations.values where other.skipsFilters && !other.life.isDead {
            guard file == nil || other.handle?.file === file else { continue }
            fail("\(other.step) is in flight past the filters after \(after) has returned")
        }
    }

    func demandNone(of handle: Handle, _ after: String) {
        for other in operations.values where other.skipsFilters && other.handle === handle {
            fail("\(other.step) is in flight past the filters after \(after) has returned")
        }
    }

    /// A read beside which nothing changed has taken the route that the model expects.
    func checkRoute(_ operation: Operation, _ handle: Handle) {
        guard operation.hasReachedDisk, !operation.overlaps, areRoutesKnown,
            scheduler.busy(from: Cast.spares) == 0
        else { return }
        let file = handle.file
        let isKept =
            file.routes.isSuspended || file.handles.contains { !$0.isDirect }
            || filters.values.contains { $0.kind == .legacy && $0.state == .attached }
        let bypasses = handle.hasBypass && handle.isDirect && !isKept
        let skipsFilters = bypasses && !file.routes.isPaused
        let skipsDrivers = bypasses && !volumeRoutes.isPaused && !volumeRoutes.isRefused
        demand(
            operation.isSeenByFilters == !skipsFilters,
            "\(operation.step): the filters \(skipsFilters ? "see" : "do not see") the read")
        demand(
            operation.isSeenByDrivers == !skipsDrivers,
            "\(operation.step): the drivers \(skipsDrivers ? "see" : "do not see") the read")
    }

    func noteOpened(_ handle: Handle) {
        // Its stream may be new, or one that the service still had.
        if handle.file.handles.count == 1 { areRoutesKnown = false }
        if !handle.isDirect { demandNone(of: handle.file, "an open with a cache") }
    }

    func noteClosed(_ handle: Handle) { lose(handle) }
}
