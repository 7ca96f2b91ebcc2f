import BypassIOProtocol
import IOStack
import MemoryFileSystem
import Synchronization
import Testing

@testable import BypassIOMount

/// A filter that sets contexts wherever it can and takes none off: the stack lets go of them with
/// what they are on, and of the rest with the filter.
struct LeakingFilterTests {
    /// Counts the contexts that are there.
    private final class Alive: Sendable {
        let count = Atomic(0)
    }

    private final class Leak: FilterContext {
        let alive: Alive

        init(_ alive: Alive) {
            self.alive = alive
            alive.count.add(1, ordering: .relaxed)
        }

        deinit { alive.count.subtract(1, ordering: .relaxed) }
    }

    private let kernel: KernelSide
    private let alive = Alive()

    init() throws { kernel = try KernelSide() }

    /// On every kind of object, at the end of each open, replacing what is there or not.
    private func registration() -> FilterRegistration {
        let alive = alive
        return FilterRegistration(
            name: "leaking", altitude: Altitude(integer: 1), supportedFeatures: .bypassIO,
            operations: [
                OperationRegistration(
                    .create,
                    preOperation: { _, _ in .successWithCallback(.object(Leak(alive))) },
                    postOperation: { data, instance, _ in
                        guard let file = data.fileObject, data.ioStatus.status.isSuccess else {
                            return .finishedProcessing
                        }
                        let places: [FilterInstance.ContextTarget] = [
                            .volume, .instance, .file(file.stream), .stream(file.stream),
                            .streamHandle(file),
                        ]
                        for place in places {
                            _ = try? instance.setContext(Leak(alive), on: place)
                            _ = try? instance.setContext(Leak(alive), on: place, .keepIfExists)
                        }
                        return .finishedProcessing
                    })
            ], contexts: Set(ContextKind.allCases))
    }

    private var count: Int { alive.count.load(ordering: .relaxed) }

    @Test("10,000 opens leave no more contexts than ten; a detach with files open leaves none")
    func leaks() throws {
        let file = kernel.create("file")
        _ = kernel.release(file.node, file.createdHandle)
        let instance = try kernel.memory.attach(registration())
        func openAndClose(_ times: Int) {
            for _ in 0..<times {
                _ = kernel.release(file.node, kernel.open(file.node).handle)
            }
        }
        openAndClose(10)
        let few = count
        openAndClose(10_000)
        // Those of the volume, of the instance, and of what the mount keeps open.
        #expect(count == few && few <= 8, "\(few), then \(count)")
        let handles = (0..<100).map { _ in kernel.open(file.node).handle }
        #expect(count > few + 100)
        try kernel.memory.manager.filterManager.detach(instance, reason: .mandatoryUnload)
        #expect(count == 0)
        for handle in handles { #expect(kernel.release(file.node, handle).errno == 0) }
    }

    @Test(
        "a filter that refuses everything is refused nothing else: its requests fail, and it goes")
    func refusesEverything() throws {
        let file = kernel.create("file")
        var registration = FilterRegistration(
            name: "refusing", altitude: Altitude(integer: 2), supportedFeatures: .bypassIO,
            operations: MajorFunction.allCases.map { function in
                OperationRegistration(
                    function,
                    preOperation: { data, _ in
                        data.fail(.accessDenied)
                        return .complete
                    })
            },
            instanceQueryTeardown: { _ in false }, unload: { _ in false })
        registration.instanceSetup = { _, _ in false }
        #expect(throws: NTStatus.fltDoNotAttach) { try kernel.memory.attach(registration) }
        #expect(kernel.read(file.node, file.createdHandle, at: 0, 1).errno == 0)
        registration.name = "refusing later"
        registration.instanceSetup = nil
        let instance = try kernel.memory.attach(registration)
        #expect(kernel.open(file.node).errno != 0)
        #expect(kernel.write(file.node, file.createdHandle, at: 0, [1]).errno != 0)
        #expect(kernel.makeDirectory("folder").errno != 0)
        #expect(kernel.attributes(file.node).errno != 0)
        // A close cannot be refused.
        #expect(kernel.release(file.node, file.createdHandle).errno == 0)
        let manager = kernel.memory.manager.filterManager
        #expect(throws: NTStatus.fltDoNotDetach) { try manager.detach(instance) }
        try manager.detach(instance, reason: .mandatoryUnload)
        let again = kernel.open(file.node)
        #expect(again.errno == 0)
        #expect(kernel.write(file.node, again.handle, at: 0, [1]).errno == 0)
        #expect(kernel.fileSystem.handles.count == 1)
        let counts = kernel.memory.fileSystem.requestCounts
        #expect(counts.cleanups == counts.closes)
    }
}
