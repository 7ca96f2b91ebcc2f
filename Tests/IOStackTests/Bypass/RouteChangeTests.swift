import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

/// When and why the way of a file object's reads last changed.
@Suite("Since when a route holds")
struct RouteChangeTests {
    private let memory = MemoryVolume()

    /// The last change, and whether it came since `earlier`.
    private func expect(
        _ file: FileObject, _ opened: UInt64, _ cause: RouteCause, after earlier: UInt64,
        _ place: SourceLocation = #_sourceLocation
    ) -> UInt64 {
        let change = file.lastRouteChange(openedAt: opened)
        #expect(change.cause == cause, sourceLocation: place)
        #expect(change.moment >= earlier && change.moment <= LayerClock.now, sourceLocation: place)
        return LayerClock.now
    }

    @Test("ENABLE, pause, resume, DISABLE: each is the change, at its time")
    func each() throws {
        let opened = LayerClock.now
        let file = try memory.file()
        #expect(file.lastRouteChange(openedAt: opened) == RouteChange(.opened, at: opened))
        var mark = LayerClock.now
        _ = try file.bypassIO(.enable)
        mark = expect(file, opened, .enabled, after: mark)
        _ = try file.bypassIO(.streamPause)
        mark = expect(file, opened, .paused, after: mark)
        _ = try file.bypassIO(.streamResume)
        mark = expect(file, opened, .resumed, after: mark)
        _ = try file.bypassIO(.disable)
        mark = expect(file, opened, .disabled, after: mark)
        _ = try file.bypassIO(.enable)
        _ = expect(file, opened, .enabled, after: mark)
    }

    @Test("a second cause changes nothing, nor does the end of one of two")
    func overlapping() throws {
        let opened = LayerClock.now
        let file = try memory.enabledFile()
        let other = try memory.volume.open("data")
        var mark = LayerClock.now
        _ = try file.bypassIO(.streamPause)
        let paused = file.lastRouteChange(openedAt: opened)
        #expect(paused.cause == .paused && paused.moment >= mark)
        other.beginCachedUse()
        #expect(file.lastRouteChange(openedAt: opened) == paused)
        _ = try file.bypassIO(.streamResume)
        #expect(file.traditionalCause == .cachedElsewhere)
        #expect(file.lastRouteChange(openedAt: opened) == paused)
        // While it is kept off, a filter comes and stays: it has been off since the pause.
        let old = try memory.attach(tracer("old", at: "100", Trace(), features: []))
        other.close()
        #expect(file.lastRouteChange(openedAt: opened) == paused)
        mark = LayerClock.now
        try memory.manager.filterManager.detach(old)
        _ = expect(file, opened, .filterDetached, after: mark)
    }

    @Test("suspensions and filters, one after the other")
    func suspended() throws {
        let opened = LayerClock.now
        let file = try memory.enabledFile()
        let other = try memory.volume.open("data")
        var mark = LayerClock.now
        other.beginCachedUse()
        mark = expect(file, opened, .suspended(.cachedElsewhere), after: mark)
        other.close()
        mark = expect(file, opened, .suspensionEnded(.cachedElsewhere), after: mark)
        let old = try memory.attach(tracer("old", at: "100", Trace(), features: []))
        mark = expect(file, opened, .filterAttached, after: mark)
        try memory.manager.filterManager.detach(old)
        _ = expect(file, opened, .filterDetached, after: mark)
    }

    @Test("an ENABLE of a file that is suspended changes no route")
    func enabledWhileSuspended() throws {
        let other = try memory.file(options: [])
        other.beginCachedUse()
        let opened = LayerClock.now
        let file = try memory.volume.open("data", options: .nonCached)
        _ = try file.bypassIO(.enable)
        #expect(file.traditionalCause == .cachedElsewhere)
        #expect(file.lastRouteChange(openedAt: opened) == RouteChange(.opened, at: opened))
        let mark = LayerClock.now
        other.close()
        _ = expect(file, opened, .suspensionEnded(.cachedElsewhere), after: mark)
    }

    @Test("the last DISABLE ends a pause: the route has been slow since the pause")
    func disabledWhilePaused() throws {
        let opened = LayerClock.now
        let file = try memory.enabledFile()
        _ = try file.bypassIO(.streamPause)
        let paused = file.lastRouteChange(openedAt: opened)
        _ = try file.bypassIO(.disable)
        #expect(file.lastRouteChange(openedAt: opened) == paused)
        var mark = LayerClock.now
        _ = try file.bypassIO(.enable)
        mark = expect(file, opened, .enabled, after: mark)
        _ = try file.bypassIO(.disable)
        _ = expect(file, opened, .disabled, after: mark)
    }

    @Test("a handle through the cache has one route")
    func cached() throws {
        let opened = LayerClock.now
        let file = try memory.file(options: [])
        _ = try? file.bypassIO(.enable)
        #expect(file.lastRouteChange(openedAt: opened) == RouteChange(.opened, at: opened))
    }
}
