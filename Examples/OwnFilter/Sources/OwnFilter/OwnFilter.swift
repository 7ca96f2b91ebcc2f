import BypassIOProtocol
import HostFileSystem
import IOStack
import Synchronization

/// A filter of one's own: it counts reads, and keeps files named *.secret from bypassing it.
final class SecretCounter: Filter, PreReadFilter, BypassFilter {
    let name = "ownfilter"
    let altitude = Altitude(integer: 370_500)
    let reads = Atomic<Int>(0)

    func willRead(_ read: PreRead) -> PreOperationAnswer {
        reads.wrappingAdd(1, ordering: .relaxed)
        return .pass
    }

    func bypass(_ question: BypassQuestion) -> BypassAnswer {
        guard question.file.openedPath.hasSuffix(".secret") else { return .pass }
        return .veto(.notSupportedWithAuditing, reason: "Every read of a secret is counted.")
    }
}

///     swift run --package-path Examples/OwnFilter OwnFilter /srv/games level1.pak
@main
struct OwnFilter {
    static func main() throws {
        guard CommandLine.arguments.count == 3 else {
            return print("usage: OwnFilter DIRECTORY FILE-IN-IT")
        }
        let counter = SecretCounter()
        let io = IOManager()
        let volume = try HostVolume.mount(directory: .init(CommandLine.arguments[1]), on: io)
        let instance = try io.filterManager.attach(io.filterManager.register(counter), to: volume)

        let file = try volume.open(.init(CommandLine.arguments[2]), options: .nonCached)
        defer { file.close() }
        let verdict = try file.bypassIO(.enable).results
        print("ENABLE:", verdict?.status.isError == true ? "refused" : "granted")
        print("why not:", verdict?.failureReason.string ?? "")

        let buffer = try volume.makeBuffer(capacity: 4096)
        for _ in 0..<1000 { _ = try file.read(at: 0, length: 4096, into: buffer) }
        print("1000 reads, of which the filter saw", counter.reads.load(ordering: .relaxed))

        // The filter needs to see them after all, for a while.
        try instance.bypass.withdraw(.notSupportedWithMonitoring, reason: "Reads are counted.")
        for _ in 0..<1000 { _ = try file.read(at: 0, length: 4096, into: buffer) }
        instance.bypass.restore()
        print("1000 more, and then it had seen", counter.reads.load(ordering: .relaxed))
    }
}
