import BypassIOProtocol
import HostFileSystem
import IOStack
import Synchronization

/// A filter of one's own: it counts reads, and keeps files named *.secret from bypassing it.
///
///     swift run --package-path Examples/OwnFilter OwnFilter /srv/games level1.pak
@main
struct OwnFilter {
    static func main() throws {
        guard CommandLine.arguments.count == 3 else {
            return print("usage: OwnFilter DIRECTORY FILE-IN-IT")
        }
        let reads = Atomic<Int>(0)
        let counter = FilterRegistration(
            name: "ownfilter", altitude: Altitude(integer: 370_500), supportedFeatures: .bypassIO,
            operations: [
                OperationRegistration(
                    .read,
                    preOperation: { _, _ in
                        reads.wrappingAdd(1, ordering: .relaxed)
                        return .successNoCallback
                    }),
                OperationRegistration(
                    .fileSystemControl,
                    preOperation: { data, instance in
                        guard data.bypassIOQuestion != nil,
                            data.fileObject?.openedPath.hasSuffix(".secret") == true
                        else { return .successNoCallback }
                        data.vetoBypassIO(
                            instance, status: .notSupportedWithAuditing,
                            reason: "Every read of a secret is counted.")
                        return .complete
                    }),
            ])

        let io = IOManager()
        let volume = try HostVolume.mount(directory: .init(CommandLine.arguments[1]), on: io)
        try io.filterManager.attach(io.filterManager.register(counter), to: volume)

        let file = try volume.open(.init(CommandLine.arguments[2]), options: .nonCached)
        defer { file.close() }
        let verdict = try file.bypassIO(.enable).results
        let buffer = try volume.makeBuffer(capacity: 4096)
        for _ in 0..<1000 { _ = try file.read(at: 0, length: 4096, into: buffer) }
        print("ENABLE:", verdict?.status.isError == true ? "refused" : "granted")
        print("why not:", verdict?.failureReason.string ?? "")
        print("1000 reads, of which the filter saw", reads.load(ordering: .relaxed))
    }
}
