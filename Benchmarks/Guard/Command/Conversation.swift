import Foundation

/// A program to which the guard talks in lines.
final class Conversation {
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()

    init(_ words: [String]) throws {
        guard let name = words.first, let path = name.contains("/") ? name : Tool.find(name) else {
            throw MeasurementError("\(words.first ?? "nothing") is not installed")
        }
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = Array(words.dropFirst())
        process.standardInput = input
        process.standardOutput = output
        try process.run()
    }

    deinit {
        if process.isRunning { process.terminate() }
        process.waitUntilExit()
    }

    /// The next line; throws if the program ends instead.
    func line() throws -> String {
        var line = Data()
        while true {
            guard let byte = try output.fileHandleForReading.read(upToCount: 1), !byte.isEmpty
            else {
                throw MeasurementError("\(process.arguments?.first ?? "a program") ended early")
            }
            if byte[byte.startIndex] == UInt8(ascii: "\n") {
                return String(decoding: line, as: UTF8.self)
            }
            line += byte
        }
    }

    func goOn() throws {
        try input.fileHandleForWriting.write(contentsOf: Data("\n".utf8))
    }

    func waitForEnd() { process.waitUntilExit() }
}
