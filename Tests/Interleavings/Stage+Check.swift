import IOStack
import MemoryFileSystem

/// The conditions that must hold when all threads have ended.
extension Stage {
    func check() {
        let stream = sender.stream
        let isHeld = isPaused && stream.bypassOpenCount > 0
        if program.keepsBypass, stream.isPaused != isHeld {
            explorer.fail(
                isHeld ? "a pause is lost" : "a resume is lost: no filter objects any more")
        }
        if !isHeld, stream.isPaused { explorer.fail("a resume is lost: the stream is paused") }
        let enabled = files.count { $0.isBypassEnabled }
        guard stream.bypassOpenCount == enabled, volume.activeBypassCount == enabled else {
            explorer.fail("the counts do not tell how many handles have bypass")
        }
        checkRoutes()
        for file in files + cached { file.close() }
        volume.endSuspension(of: stream, because: .sparse)
        let inside = volume.bypassedReadsInFlight
        guard volume.activeBypassCount == 0, stream.bypassOpenCount == 0,
            stream.bypassedReadsInFlight == 0, inside == (0, 0), disk.openHandles == 0,
            stream.suspensions == []
        else { explorer.fail("the counts do not end at zero") }
        // The volume and its filters agree.
        do {
            try manager.dismount(volume)
        } catch {
            explorer.fail("a file stays open")
        }
    }

    private var isPaused: Bool {
        vetoes.contains(where: \.unscheduled) || auditor != nil || isWithdrawn
    }

    private var isWithdrawn: Bool {
        withdrawer?.bypass.isWithdrawn(from: sender.stream) ?? false
    }

    /// Each handle with bypass reads by the route that the remaining pauses and blocks leave: none
    /// outlasts its end, and none is lost.
    private func checkRoutes() {
        let isPauseOnly = auditor != nil || program.withdraws
        let isBlocked = blocks.contains(where: \.unscheduled) && !isPauseOnly
        let isVolumePaused = volumeVetoes.contains(where: \.unscheduled)
        let expected: ReadRoute =
            switch (isPaused, isVolumePaused) {
            case (false, false): .fullBypass
            case (false, true): .filterBypass
            case (true, false): .storageBypass
            case (true, true): .traditional
            }
        let route = isBlocked ? .traditional : expected
        for (number, file) in files.enumerated() where file.isBypassEnabled {
            let before = file.readsByRoute[route, default: 0]
            do {
                try read(file, by: number)
            } catch {
                explorer.fail("a read of handle \(number) at the end failed: \(error)")
            }
            guard file.readsByRoute[route, default: 0] == before + 1 else {
                explorer.fail("a read of handle \(number) at the end is no \(route) read")
            }
        }
    }
}
