import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

@Suite("Registering, attaching and detaching filters, spec 5")
struct AttachTests {
    let memory = MemoryVolume()
    var filters: FilterManager { memory.manager.filterManager }

    @Test("spec 5: a filter needs a name of its own and one row for a major function")
    func registration() throws {
        let kept = try filters.register(filter("scan", at: "320000"))
        #expect(failure { try filters.register(filter("scan", at: "1")) } == .objectNameCollision)
        #expect(failure { try filters.register(filter("", at: "1")) } == .invalidParameter)
        let twice = filter(
            "twice", at: "1", OperationRegistration(.read), OperationRegistration(.read))
        #expect(failure { try filters.register(twice) } == .invalidParameter)
        let lower = try filters.register(filter("low", at: "40000"))
        let upper = try filters.register(filter("high", at: "400000"))
        #expect(filters.filters.map(\.name) == ["high", "scan", "low"])
        #expect(kept.name == "scan" && lower.isOptedIn && upper.isOptedIn)
    }

    @Test("spec 5: instances stand in the order of their altitudes, with a default name")
    func order() throws {
        let scan = try filters.register(filter("scan", at: "320000.5"))
        let first = try filters.attach(scan, to: memory.volume)
        #expect(first.name == "scan - 320000.5")
        #expect(first.altitude == altitude("320000.5") && first.filter === scan)
        #expect(first.volume === memory.volume && first.isAttached)
        let second = try filters.attach(
            scan, to: memory.volume, altitude: altitude("320000.25"), instanceName: "lower")
        let third = try filters.attach(scan, to: memory.volume, altitude: altitude("1000000"))
        #expect(memory.volume.instances.map(\.name) == [third.name, first.name, second.name])
        #expect(third.name == "scan - 1000000")
    }

    @Test("spec 5: an altitude and an instance name are unique on a volume")
    func collisions() throws {
        let one = try filters.register(filter("one", at: "100"))
        let two = try filters.register(filter("two", at: "200"))
        try filters.attach(one, to: memory.volume, instanceName: "name")
        #expect(
            failure { try filters.attach(two, to: memory.volume, altitude: altitude("0100.0")) }
                == .fltInstanceAltitudeCollision)
        #expect(
            failure { try filters.attach(two, to: memory.volume, instanceName: "name") }
                == .fltInstanceNameCollision)
        #expect(memory.volume.instances.count == 1)
        let other = memory.manager.mount(
            MemoryFileSystem(on: memory.disk), named: "other", storage: memory.disk)
        try filters.attach(two, to: other, altitude: altitude("100"), instanceName: "name")
    }

    @Test("spec 5: a filter that is not registered cannot be attached")
    func unknownFilter() throws {
        let one = try filters.register(filter("one", at: "100"))
        try filters.unload(one)
        #expect(failure { try filters.attach(one, to: memory.volume) } == .fltFilterNotFound)
    }

    @Test("spec 5: a setup callback learns the reason and may refuse")
    func setup() throws {
        let trace = Trace()
        var registration = filter("one", at: "100", contexts: [.volume])
        registration.instanceSetup = { instance, reason in
            trace.note("\(reason)")
            _ = try? instance.setContext(Note(trace), on: .volume)
            return reason == .automatic
        }
        let one = try filters.register(registration)
        #expect(failure { try filters.attach(one, to: memory.volume) } == .fltDoNotAttach)
        #expect(memory.volume.instances.isEmpty)
        // The context that the setup had set is gone too.
        #expect(trace.take() == ["manual", "context gone"])
        let instance = try filters.attach(one, to: memory.volume, reason: .automatic)
        #expect(trace.take() == ["automatic"])
        #expect(instance.context(on: .volume) != nil)
    }

    @Test("spec 5: a manual detach asks the filter; without a callback it is impossible")
    func manualDetach() throws {
        var deaf = filter("deaf", at: "100")
        deaf.instanceQueryTeardown = nil
        let first = try memory.attach(deaf)
        #expect(failure { try filters.detach(first) } == .fltDoNotDetach)
        var refusing = filter("refusing", at: "200")
        refusing.instanceQueryTeardown = { _ in false }
        let second = try memory.attach(refusing)
        #expect(failure { try filters.detach(second) } == .fltDoNotDetach)
        #expect(memory.volume.instances.count == 2)
        let third = try memory.attach(filter("willing", at: "300"))
        try filters.detach(third)
        #expect(!third.isAttached)
        #expect(failure { try filters.detach(third) } == .fltInstanceNotFound)
    }

    @Test("spec 5: teardown starts before the drain and completes after it")
    func teardownOrder() throws {
        let trace = Trace()
        let kept = Box<Kept?>(nil)
        var registration = filter(
            "keeper", at: "100", contexts: [.instance],
            OperationRegistration(
                .flushBuffers,
                preOperation: { data, instance in
                    kept.value = Kept(data, instance)
                    return .pending
                },
                postOperation: { _, _, _ in
                    trace.note("post")
                    return .finishedProcessing
                }))
        registration.instanceQueryTeardown = { _ in
            trace.note("query")
            return true
        }
        registration.instanceTeardownStart = { instance, reason in
            trace.note("start \(reason) \(instance.isAttached)")
            kept.value?.completePendedPreOperation(.successWithCallback(.none))
            kept.value = nil
        }
        registration.instanceTeardownComplete = { instance, reason in
            trace.note("complete \(reason) \(instance.context(on: .instance) == nil)")
        }
        let instance = try memory.attach(registration)
        try instance.setContext(Note(trace), on: .instance)
        let file = try memory.file()
        let flush = OwnThread { try file.flush() }
        #expect(eventually { kept.value != nil })
        try filters.detach(instance)
        try flush.result()
        let notes = trace.take()
        #expect(
            notes == [
                "query", "start manual false", "post", "context gone", "complete manual true",
            ])
    }

    @Test("spec 5: unload detaches the instances on every volume", arguments: [false, true])
    func unloadFromAllVolumes(mandatory: Bool) throws {
        let disk = MemoryDisk()
        let other = memory.manager.mount(MemoryFileSystem(on: disk), named: "other", storage: disk)
        let torn = Box<[String]>([])
        var registration = filter("everywhere", at: "100")
        registration.instanceTeardownComplete = { instance, _ in
            torn.value += [instance.volume.name]
        }
        let everywhere = try filters.register(registration)
        try filters.attach(everywhere, to: memory.volume)
        let second = try filters.attach(everywhere, to: other)
        try filters.unload(everywhere, mandatory: mandatory)
        #expect(memory.volume.instances.isEmpty && other.instances.isEmpty)
        #expect(torn.value.sorted() == ["memory", "other"] && !second.isAttached)
        #expect(failure { try filters.detach(second) } == .fltInstanceNotFound)
    }

    @Test("spec 5: unload detaches everywhere; a refusal counts unless it is mandatory")
    func unload() throws {
        let trace = Trace()
        var registration = filter("loyal", at: "100")
        registration.unload = { mandatory in
            trace.note("unload \(mandatory)")
            return false
        }
        registration.instanceQueryTeardown = nil
        registration.instanceTeardownStart = { _, reason in trace.note("start \(reason)") }
        let loyal = try filters.register(registration)
        try filters.attach(loyal, to: memory.volume)
        try filters.attach(loyal, to: memory.volume, altitude: altitude("101"))
        #expect(failure { try filters.unload(loyal) } == .fltDoNotDetach)
        #expect(memory.volume.instances.count == 2)
        try filters.unload(loyal, mandatory: true)
        #expect(memory.volume.instances.isEmpty && filters.filters.isEmpty)
        #expect(
            trace.take() == [
                "unload false", "unload true", "start mandatoryUnload", "start mandatoryUnload",
            ])

        // The filter is gone for good, and its name is free.
        #expect(failure { try filters.attach(loyal, to: memory.volume) } == .fltFilterNotFound)

        var stuck = filter("stuck", at: "100")
        stuck.unload = nil
        let staying = try filters.register(stuck)
        #expect(failure { try filters.unload(staying) } == .fltDoNotDetach)
        let willing = try filters.register(filter("willing", at: "300"))
        try filters.attach(willing, to: memory.volume)
        try filters.unload(willing)
        #expect(memory.volume.instances.isEmpty && filters.filters.map(\.name) == ["stuck"])
    }

    @Test("a dismount waits for nobody: it is refused while files are open, then detaches all")
    func dismount() throws {
        let trace = Trace()
        var registration = filter("one", at: "100")
        registration.instanceQueryTeardown = nil
        registration.instanceTeardownComplete = { _, reason in trace.note("\(reason)") }
        let instance = try memory.attach(registration)
        let file = try memory.file()
        #expect(failure { try memory.manager.dismount(memory.volume) } == .sharingViolation)
        file.close()
        try memory.manager.dismount(memory.volume)
        #expect(trace.take() == ["volumeDismount"] && !instance.isAttached)
        #expect(memory.manager.volumes.isEmpty)
        #expect(
            failure { try memory.volume.open("data") } == .fltVolumeNotFound
        )
        #expect(
            failure { try filters.attach(instance.filter, to: memory.volume) } == .fltVolumeNotFound
        )
    }
}

/// A context that reports its end.
final class Note: FilterContext {
    let trace: Trace
    let name: String
    init(_ trace: Trace, _ name: String = "context") {
        self.trace = trace
        self.name = name
    }
    deinit { trace.note("\(name) gone") }
}
