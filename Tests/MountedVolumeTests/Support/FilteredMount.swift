import CPosixCalls
import Foundation
import Testing

/// A directory that a program of this package mounts with one of its filters.
final class FilteredMount {
    let folder: TestFolder
    let source: String
    let place: String
    private let words: [String]
    private let program: String
    private var service: RunningProgram

    /// - Parameter program: gets the filter's word, the directory and the mount point.
    init(_ filter: String, by program: String?, _ files: [String: Data] = [:]) throws {
        self.program = try #require(program, "the program was not built")
        folder = try TestFolder()
        source = try folder.makeFolder("source")
        place = try folder.makeFolder("mount")
        for (name, data) in files {
            try data.write(to: URL(fileURLWithPath: "\(source)/\(name)"))
        }
        words = [filter, source, place]
        service = try Self.started(self.program, words)
    }

    deinit { unmount() }

    private static func started(_ path: String, _ words: [String]) throws -> RunningProgram {
        let (program, place) = (try RunningProgram(Program(path, words)), words[2])
        let isMounted = LiveMount.eventually {
            MountTable.fileSystem(at: place) != nil || !program.isRunning
        }
        guard isMounted, program.isRunning else {
            throw TestError("no mount: \(program.errorsSoFar)")
        }
        return program
    }

    private func unmount() {
        _ = unsafe call_umount(place, 0)
        if service.wait(within: 20) == nil { service.signal(SIGKILL) }
        if MountTable.fileSystem(at: place) != nil { _ = unsafe call_umount(place, 2) }
    }

    func mountAgain() throws {
        unmount()
        service = try Self.started(program, words)
    }

    /// Lines of the filter.
    var said: [String] { service.outputSoFar.split(separator: "\n").map(String.init) }

    func shell(_ words: String) throws -> Program.Outcome {
        try Program.shell(words, in: place).run(within: 60)
    }

    /// In bytes, as programs see it; 0 for no file.
    func size(of name: String) -> Int {
        let attributes = try? FileManager.default.attributesOfItem(atPath: "\(place)/\(name)")
        return attributes?[.size] as? Int ?? 0
    }

    func state(_ name: String) throws -> Program.Outcome {
        try Program(try #require(BuiltPrograms.bypassio), ["state", "\(place)/\(name)"])
            .run(within: 20)
    }
}

extension FilteredMount {
    /// Two processes work at random in a directory, with mappings, in trees of their own and in
    /// files that both share. They compare all that they see with a model.
    func exercise() throws -> Program.Outcome {
        let seed = UInt64.random(in: 1...UInt64(UInt32.max))
        let words = [
            "--directory", "\(place)/exercise", "--seed", "\(seed)", "--operations", "1500",
            "--processes", "2",
        ]
        return try Program(try #require(BuiltPrograms.exerciser), words).run(within: 180)
    }
}
