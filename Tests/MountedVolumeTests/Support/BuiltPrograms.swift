import Foundation

/// The built programs of this package, which lie beside the tests' own executable.
enum BuiltPrograms {
    static let bypassio = location("bypassio")
    static let exerciser = location("bypassio-exerciser")
    static let readWays = location("bypassio-readways")
    static let filterTutorial = location("FilterTutorial")
    static let filterMount = location("FilterMount")

    private static func location(_ name: String) -> String? {
        let places = [
            try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"),
            Bundle.main.executablePath,
        ]
        return places.compactMap(\.self)
            .map { URL(fileURLWithPath: $0).deletingLastPathComponent() }
            .map { $0.appendingPathComponent(name).path }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }
}
