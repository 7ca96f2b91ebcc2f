import CPosixCalls
import Foundation
import LinuxKit
import Testing

/// A mount whose service another takes the place of when it is killed.
struct RecoveringMount {
    let live: LiveMount
    var place: String { live.mountpoint }
    var source: String { live.source }

    init(
        _ options: String = "allow_other", _ filters: [String] = [],
        prepare: (String) throws -> Void = { _ in }
    ) throws {
        live = try LiveMount(
            options: "\(options),recover", filters: filters,
            prepare: { source in
                try Data(repeating: 7, count: 65536)
                    .write(to: URL(fileURLWithPath: "\(source)/file"))
                try Data().write(to: URL(fileURLWithPath: "\(source)/lock"))
                try prepare(source)
            })
        // The keeper is there a moment after the mount.
        _ = try keeper()
    }

    /// Waits for the keeper of a mount that has `recover`.
    init(_ live: LiveMount) throws {
        self.live = live
        _ = try keeper()
    }

    static func bypassio(_ words: String...) throws -> Program.Outcome {
        try Program(try #require(BuiltPrograms.bypassio), words).run(within: 120)
    }

    static func command(_ process: pid_t) -> [String] {
        (KernelFile.text("/proc/\(process)/cmdline") ?? "").split(separator: "\0").map(String.init)
    }

    func processes(named name: String) -> [pid_t] { Self.processes(named: name, of: place) }

    /// Of the mount at that place.
    static func processes(named name: String, of place: String) -> [pid_t] {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return all.compactMap { pid_t($0) }.filter { process in
            KernelFile.text("/proc/\(process)/comm") == "\(name)\n"
                && command(process).last == place
        }
    }

    /// The one that serves; waits for it, and for the end of those before it.
    func service() throws -> pid_t {
        var found: [pid_t] = []
        #expect(
            LiveMount.eventually {
                found = processes(named: "bypassio")
                return found.count == 1
            }, "\(found)")
        return try #require(found.first)
    }

    /// The keeper of the service that serves.
    func keeper() throws -> pid_t {
        var found: [pid_t] = []
        #expect(
            LiveMount.eventually {
                found = processes(named: "bypassio-keeper")
                return found.count == 1
            }, "\(found)")
        return try #require(found.first)
    }

    /// Kills the service; returns at once.
    func killService() throws {
        let process = try service()
        _ = try keeper()
        #expect(kill(process, SIGKILL) == 0)
    }

    /// Kills the service, and waits until another serves.
    func replaceService() throws {
        let old = try service()
        try killService()
        #expect(
            LiveMount.eventually {
                let new = processes(named: "bypassio")
                return new.count == 1 && new.first != old
            })
        _ = try keeper()
        // Programs are served a moment before the control interface is.
        #expect(
            try LiveMount.eventually { try Self.bypassio("instances", "--json", place).code == 0 })
    }
}
