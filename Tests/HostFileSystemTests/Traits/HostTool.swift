import Foundation
import LinuxKit

/// Programs of the machine that some tests need.
enum HostTool {
    struct Failure: Error { var command: String, output: String }

    static let folders = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"]
    static let isRoot = geteuid() == 0

    static func location(_ name: String) -> String? {
        folders.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    static func has(_ names: String...) -> Bool { names.allSatisfy { location($0) != nil } }

    /// Whether the machine can mount images: root, loop devices, and the named programs.
    static func canMountImages(with names: String...) -> Bool {
        isRoot && FileManager.default.fileExists(atPath: "/dev/loop-control")
            && has("mount", "umount") && names.allSatisfy { location($0) != nil }
    }

    /// Whether the kernel can mount this type without loading a module.
    static func kernelKnows(_ type: String) -> Bool {
        let text = KernelFile.text("/proc/filesystems")
        return text?.split(whereSeparator: \.isWhitespace).contains(Substring(type)) ?? false
    }

    @discardableResult
    static func run(_ name: String, _ arguments: [String]) throws -> String {
        guard let location = location(name) else {
            throw Failure(command: name, output: "not installed")
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: location)
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let text = String(decoding: output, as: UTF8.self)
        guard process.terminationStatus == 0 else {
            throw Failure(command: "\(name) \(arguments)", output: text)
        }
        return text
    }
}
