import Foundation
import Testing

extension MountedVolume {
    /// Random work of four processes beside a model of the expected contents. Longer, and with the
    /// seed of a run that failed: docs/testing.md.
    @Suite(
        .enabled(if: BuiltPrograms.exerciser != nil, "the exerciser is not beside the tests"))
    struct Exerciser {
        @Test func randomWorkLeavesWhatTheModelExpects() throws {
            let mount = try LiveMount()
            let place = "\(mount.mountpoint)/work"
            try FileManager.default.createDirectory(
                atPath: "\(mount.source)/work", withIntermediateDirectories: false)
            let program = try #require(BuiltPrograms.exerciser)
            let seed = UInt32.random(in: 1...UInt32.max)
            let outcome = try Program(
                program,
                [
                    "--directory", place, "--seed", "\(seed)", "--seconds", "60", "--processes",
                    "4",
                ]
            ).run(within: 180)
            #expect(outcome.code == 0, "seed \(seed): \(outcome)")
            #expect(outcome.output.contains("no difference"), "seed \(seed): \(outcome)")
            mount.stop()
        }
    }
}
