import Foundation
import Glibc
import LinuxKit

/// A source folder and its mount by the built command; the last reference removes both.
final class GuardedMount {
    private let folder: ScratchFolder
    private let service = Process()
    private let messages: URL
    let source: String
    let mountPoint: String

    var serviceIdentifier: Int32 { service.processIdentifier }

    /// Returns when the mount is there. Throws with the service's output if the mount does not
    /// appear within 20 seconds.
    init(_ route: ClientRoute) throws {
        guard let command = Tool.sibling("bypassio") else {
            throw MeasurementError("the product bypassio is not built")
        }
        folder = try ScratchFolder()
        source = folder.path + "/source"
        mountPoint = folder.path + "/mount"
        for path in [source, mountPoint] {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: false)
        }
        try Self.fill(source, route)
        messages = try folder.makeFile("messages")
        service.executableURL = URL(fileURLWithPath: command)
        // A fixed transport: another one has other counts, and the counts must not depend on the
        // machine's abilities.
        service.arguments = [
            "mount", "-o", route.mountOptions + ",transport=device", source, mountPoint,
        ]
        service.standardInput = FileHandle.nullDevice
        service.standardOutput = try FileHandle(forWritingTo: messages)
        service.standardError = try FileHandle(forWritingTo: messages)
        try service.run()
        let end = Date(timeIntervalSinceNow: 20)
        while !isThere() {
            guard service.isRunning, Date() < end else {
                throw MeasurementError(
                    "no mount: \(try String(contentsOf: messages, encoding: .utf8))")
            }
            usleep(10_000)
        }
        // The service prints a message where the kernel or its configuration is too old.
        let said = try String(contentsOf: messages, encoding: .utf8)
        if said.contains("bypass=auto is as bypass=request here") {
            throw MeasurementError(machineLacks: said)
        }
    }

    deinit {
        if service.isRunning { service.terminate() }
        service.waitUntilExit()
        _ = unsafe umount2(mountPoint, Int32(MNT_DETACH))
    }

    private func isThere() -> Bool {
        KernelFile.text("/proc/self/mountinfo")?.contains(" \(mountPoint) ") ?? false
    }

    /// Makes two of everything, for a traced and an untraced run, so that each run works on files
    /// that no program has read.
    private static func fill(_ source: String, _ route: ClientRoute) throws {
        for run in ["traced", "free"] {
            let folder = "\(source)/\(run)"
            try FileManager.default.createDirectory(
                atPath: "\(folder)/names", withIntermediateDirectories: true)
            if route.readsFile {
                let bytes = Data(
                    repeating: 7, count: route.operations * route.pages * ClientRoute.pageSize)
                try bytes.write(to: URL(fileURLWithPath: "\(folder)/file"))
                continue
            }
            for number in 0..<ClientRoute.names {
                try Data([7]).write(to: URL(fileURLWithPath: "\(folder)/names/file\(number)"))
            }
        }
    }
}
