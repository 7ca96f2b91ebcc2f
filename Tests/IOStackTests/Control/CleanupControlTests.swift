import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

/// After its last handle closes, filters may use a file object until its cleanup ends.
@Suite struct CleanupControlTests {
    let memory = MemoryVolume()

    /// Runs `body` in the pre-cleanup callback of handles that may write.
    private func attach(
        _ body: @escaping @Sendable (CallbackData, FilterInstance) -> Void
    ) throws -> FilterInstance {
        var registration = filter(
            "closer", at: "200",
            OperationRegistration(
                .cleanup,
                preOperation: { data, instance in
                    if data.fileObject?.access.contains(.write) == true { body(data, instance) }
                    return .successNoCallback
                }))
        registration.contexts = [.streamHandle]
        return try memory.attach(registration)
    }

    private func writer() throws -> FileObject {
        try memory.volume.open("data", access: [.read, .write], options: .nonCached)
    }

    @Test("spec 4.4: a filter resumes a stream from the pre-cleanup callback of the last writer")
    func resumeAtCleanup() throws {
        let status = Box<NTStatus?>(.pending)
        let reader = try memory.enabledFile()
        let instance = try attach { data, instance in
            guard let file = data.fileObject else { return }
            status.value = failure {
                let verdict = try instance.bypassIO(.streamResume, on: file).results
                #expect(verdict?.status == .success)
            }
        }
        let writer = try writer()
        _ = try instance.bypassIO(.streamPause, on: writer)
        _ = try reader.read(at: 0, length: 512)
        #expect(reader.stream.isPaused && reader.routes == [.storageBypass: 1])
        writer.close()
        #expect(status.value == nil)
        _ = try reader.read(at: 0, length: 512)
        #expect(!reader.stream.isPaused && reader.routes == [.storageBypass: 1, .fullBypass: 1])
    }

    @Test("all a filter sends through its instance is let through until then, a context, too")
    func otherRequests() throws {
        let failures = Box<[NTStatus?]>([])
        let volume = memory.volume
        try memory.file().close()
        let instance = try attach { data, instance in
            guard let file = data.fileObject, let buffer = try? volume.makeBuffer(capacity: 512)
            else { return }
            failures.value += [
                failure { try instance.bypassIO(.query, on: file) },
                failure { try instance.bypassIO(.streamPause, on: file) },
                failure { try instance.read(file, at: 0, length: 512, into: buffer) },
                failure { try instance.setContext(Note(Trace()), on: .streamHandle(file)) },
                // Bypass cannot be enabled any more, and a holder of the file object cannot send a
                // control to the top of the stack.
                failure { try instance.bypassIO(.enable, on: file) },
                failure { try file.bypassIO(.query) },
                failure { try file.read(at: 0, length: 512, into: buffer) },
            ]
        }
        let file = try writer()
        file.close()
        #expect(failures.value == [nil, nil, nil, nil, .fileClosed, .fileClosed, .fileClosed])
        #expect(failure { try instance.bypassIO(.query, on: file) } == .fileClosed)
        #expect(memory.volume.activeBypassCount == 0)
    }
}
