import Foundation
import Testing

/// The sample reports the routes of a program that reads while the sample's filters are attached.
@Suite(
    .enabled(if: BuiltCommand.isThere, "\(BuiltCommand.whyNot)"),
    .enabled(if: Host.takesDirectIO, "the file system of /var/tmp takes no direct I/O"))
struct SampleTests {
    /// A row of the table: a handle's route, and the callbacks that ran meanwhile.
    private struct Row {
        let route: String
        let callbacks: UInt64

        init?(_ lines: [String], _ handle: String) {
            guard let line = lines.first(where: { $0.hasPrefix(handle + "  ") }) else { return nil }
            let cells = line.dropFirst(handle.count).split(separator: " ")
            guard cells.count > 2, let count = UInt64(cells[cells.count - 1].filter { $0 != "," })
            else { return nil }
            route = cells.dropLast(2).joined(separator: " ")
            callbacks = count
        }
    }

    /// Whatever the machine lets the sample mount, it reports each handle's route or why there is
    /// none.
    @Test func everyHandlesRouteIsToldAndTheRefusal() throws {
        let folder = try Workspace()
        // The sample keeps an existing file of the right size.
        try folder.makeFolder("cache")
        try folder.makeFolder("cache/sample")
        try folder.fill("cache/sample/level1.pak", count: 64 << 20)
        let outcome = try BuiltCommand.run("sample", "--once", "--cache", folder.path("cache"))
        guard outcome.code == 0 else {
            #expect([69, 77].contains(outcome.code), "\(outcome.errors)")
            return
        }
        let lines = outcome.lines
        let traditional = try #require(Row(lines, "opened for writing, too"))
        let bypassed = try #require(Row(lines, "the same, after FS_BPIO_OP_ENABLE"))
        #expect(traditional.route == "traditional" && bypassed.route == "service bypass")
        #expect(traditional.callbacks >= 10_000, "every read, five callbacks")
        #expect(bypassed.callbacks < 2000, "no read")
        if let kernel = Row(lines, "opened for reading, by any program") {
            let paused = try #require(Row(lines, "the same, after FS_BPIO_OP_STREAM_PAUSE"))
            #expect(kernel.route == "kernel bypass" && kernel.callbacks < 2000)
            #expect(paused.route == "gated" && paused.callbacks >= 6000, "every read, three")
        }
        #expect(lines.contains { $0.hasPrefix("ENABLE on sparse.img is refused") })
        #expect(try folder.names(in: "cache/sample").contains("README.txt"))
    }
}
