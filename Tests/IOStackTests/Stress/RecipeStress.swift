import BypassIOProtocol
import Glibc
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

/// A filter that hides a secret: while the file holds the secret, the filter removes it from each
/// read it sees. It withdraws bypass by Microsoft's recipe and does not track ENABLEs.
@Suite("The recipe of spec 4.4 against ENABLEs under way", .serialized)
struct RecipeStress {
    private static let size = 512
    private static let plain = [UInt8](repeating: 1, count: size)
    private static let secret = [UInt8](repeating: 2, count: size)

    @Test("spec 4.4: veto, STREAM_PAUSE, change the data: no bypassed read sees the change")
    func recipe() throws {
        let memory = MemoryVolume()
        let veto = Box<(NTStatus, String)?>(nil)
        let instance = try memory.attach(hider(veto))
        try memory.attach(slow("slow", at: "100"))
        let files = try (0..<3).map { _ in try memory.file("data", Self.plain) }
        let writer = try memory.volume.open("data", access: [.read, .write], options: .nonCached)
        let isDone = Box(false)
        let leaks = Box(0)
        let readers = files.map { file in
            OwnThread {
                while !isDone.value {
                    if try file.read(at: 0, length: Self.size) == Self.secret { leaks.add(1) }
                }
            }
        }
        let enablers = (0..<2).map { _ in
            OwnThread {
                while !isDone.value {
                    for file in files { _ = try file.bypassIO(.enable) }
                    // Often no file has bypass, so a pause has nothing to pause.
                    for file in files { _ = try file.bypassIO(.disable) }
                }
            }
        }
        for _ in 0..<200 {
            veto.value = (.notSupportedWithMonitoring, "The file holds a secret.")
            _ = try instance.bypassIO(.streamPause, on: writer)
            try writer.write(Self.secret, at: 0)
            // Gives the ENABLEs under way, and then the readers, time.
            let reads = memory.disk.reads.count
            #expect(eventually { memory.disk.reads.count > reads + 200 })
            try writer.write(Self.plain, at: 0)
            veto.value = nil
            _ = try writer.bypassIO(.streamResume)
        }
        isDone.value = true
        for thread in readers { try thread.result() }
        for thread in enablers { try thread.result() }
        #expect(leaks.value == 0)
        for file in files + [writer] { file.close() }
        #expect(memory.volume.activeBypassCount == 0)
        #expect(memory.volume.bypassedReadsInFlight == (0, 0))
    }

    private func hider(_ veto: Box<(NTStatus, String)?>) -> FilterRegistration {
        var registration = vetoer("hider", at: "300", while: veto)
        registration.operations.append(
            OperationRegistration(
                .read, preOperation: { _, _ in .successWithCallback(.none) },
                postOperation: { data, _, _ in
                    data.buffer?.withMutableBytes(data.ioStatus.information) { bytes in
                        bytes.update(repeating: 1)
                    }
                    return .finishedProcessing
                }))
        return registration
    }

    /// A filter that delays each ENABLE.
    private func slow(_ name: String, at place: String) -> FilterRegistration {
        filter(
            name, at: place,
            OperationRegistration(
                .fileSystemControl,
                preOperation: { data, _ in
                    if data.bypassIOQuestion == .enable { usleep(100) }
                    return .successNoCallback
                }))
    }
}
