import BypassIOProtocol
import IOStack
import MemoryFileSystem
import Minifilters
import SystemPackage
import Testing

/// A volume in memory with a scanner that looks for `EVIL!` and for `WORSE`.
struct ScannedVolume {
    static let evil = Array("EVIL!".utf8)

    let driver = ScriptedVolumeDriver(name: "volume")
    let memory: MemoryVolume
    let scanner: ContentScanner
    let instance: FilterInstance

    init(patterns: [[UInt8]] = []) throws {
        memory = MemoryVolume(drivers: [driver])
        let texts = [("Evil", Self.evil), ("Worse", Array("WORSE".utf8))]
        scanner = ContentScanner(
            signatures: texts.compactMap { Signature(name: $0.0, pattern: $0.1) }
                + patterns.compactMap { Signature(name: "Extra", pattern: $0) })
        instance = try memory.attach(scanner.registration)
    }

    func verdict(on file: FileObject) -> ScanVerdict.State {
        ContentScanner.verdict(on: file.stream, by: instance)
    }

    /// A clean file with bypass enabled.
    func openClean(_ path: String = "data", count: Int = 64) throws -> FileObject {
        try memory.make(.init(path), [UInt8](repeating: 65, count: count))
        let file = try memory.openBypassed(.init(path))
        #expect(verdict(on: file) == .clean)
        return file
    }
}
