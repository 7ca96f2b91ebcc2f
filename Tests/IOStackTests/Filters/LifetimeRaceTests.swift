import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

@Suite("Attach, unload, open and dismount at the same time")
struct LifetimeRaceTests {
    @Test("An attach that meets an unload leaves no instance behind")
    func attachAgainstUnload() throws {
        let memory = MemoryVolume()
        for round in 0..<200 {
            let registered = try memory.manager.filterManager.register(
                filter("fleeting\(round)", at: "\(1000 + round)"))
            let attach = OwnThread {
                failure { try memory.manager.filterManager.attach(registered, to: memory.volume) }
            }
            try memory.manager.filterManager.unload(registered)
            let refusal = try attach.result()
            #expect(refusal == nil || refusal == .fltFilterNotFound)
            #expect(memory.volume.instances.isEmpty)
        }
    }

    @Test("A dismount comes before an open or after it, never between it and its stream")
    func openAgainstDismount() throws {
        for _ in 0..<200 {
            let memory = MemoryVolume()
            try memory.file().close()
            let open = OwnThread { () -> FileObject? in
                do throws(IOFailure) {
                    return try memory.volume.open("data")
                } catch {
                    #expect(error.status == .fltVolumeNotFound)
                    return nil
                }
            }
            let refusal = failure { try memory.manager.dismount(memory.volume) }
            let file = try open.result()
            #expect(refusal == nil || refusal == .sharingViolation)
            if refusal == nil { #expect(file == nil) }
            file?.close()
        }
    }

    @Test("spec 5: an instance that is gone is not asked whether it may go")
    func noQueryAfterDetach() throws {
        let memory = MemoryVolume()
        let asked = Box(0)
        var registration = filter("asked", at: "100")
        registration.instanceQueryTeardown = { _ in
            asked.value += 1
            return true
        }
        let instance = try memory.attach(registration)
        try memory.manager.filterManager.detach(instance)
        #expect(
            failure { try memory.manager.filterManager.detach(instance) } == .fltInstanceNotFound)
        #expect(asked.value == 1)
    }

    @Test("spec 5: without an unload callback not even a mandatory unload goes through")
    func noUnloadCallback() throws {
        let memory = MemoryVolume()
        var registration = filter("staying", at: "100")
        registration.unload = nil
        let registered = try memory.manager.filterManager.register(registration)
        #expect(
            failure {
                try memory.manager.filterManager.unload(registered, mandatory: true)
            } == .fltDoNotDetach)
        #expect(memory.manager.filterManager.filters.count == 1)
    }

    @Test("A file object that a filter holds outlives the open that is undone")
    func undoneOpen() throws {
        let memory = MemoryVolume()
        try memory.file().close()
        let queue = Box<FileObject?>(nil)
        try memory.attach(
            filter(
                "failing", at: "200",
                OperationRegistration(
                    .create,
                    postOperation: { data, _, _ in
                        data.fail(.accessDenied)
                        return .finishedProcessing
                    })))
        try memory.attach(
            filter(
                "holding", at: "100",
                OperationRegistration(
                    .create,
                    postOperation: { data, _, _ in
                        queue.value = data.fileObject
                        return .finishedProcessing
                    })))
        let handles = memory.disk.openHandles
        #expect(failure { try memory.volume.open("data", options: .nonCached) } == .accessDenied)
        let file = try #require(queue.value)
        #expect(file.isClosed)
        #expect(failure { try file.read(at: 0, length: 512) } == .fileClosed)
        #expect(memory.disk.openHandles == handles)
    }
}
