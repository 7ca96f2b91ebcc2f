import Foundation
import Testing

extension MountedVolume {
    /// Four processes read, write, truncate, map and rename at random, and compare everything they
    /// see with a model of the files; at the end they also compare the files behind the mount.
    ///
    /// Meanwhile direct reads enable, disable, pause and resume bypass (spec 4.6). The time is
    /// divided in three: each policy of suspension gets a third, and the kernel route gets a third.
    ///
    /// `BYPASSIO_TEST_SECONDS=1200` runs for twenty minutes instead of one. `BYPASSIO_TEST_SEED`
    /// with the seed that a run printed repeats the run.
    @Suite struct Exerciser {
        private static let variables = ProcessInfo.processInfo.environment
        private static let seconds = variables["BYPASSIO_TEST_SECONDS"].flatMap { Int($0) } ?? 60
        private static let seed = variables["BYPASSIO_TEST_SEED"].flatMap { UInt64($0) }

        @Test(arguments: ["suspend=strict", "suspend=dirty", "bypass=auto"])
        func fourProcessesFindNoDifference(option: String) throws {
            let options = "allow_other,default_permissions,dev,suid"
            let mount = try LiveMount(
                options: MountCommand.chosen.isOurs ? "\(options),\(option)" : options)
            let exerciser = try #require(BuiltPrograms.exerciser, "no bypassio-exerciser was built")
            let seed = Exerciser.seed ?? UInt64.random(in: 1...UInt64(UInt32.max))
            print("bypassio-exerciser --seed \(seed)")
            let program = Program(
                exerciser,
                [
                    "--directory", "\(mount.mountpoint)/exercise",
                    "--backing", "\(mount.source)/exercise",
                    "--seconds", "\(max(1, Exerciser.seconds / 3))", "--seed", "\(seed)",
                    "--processes", "4",
                ])
            let outcome = try program.run(within: Double(Exerciser.seconds) + 180)
            #expect(outcome.code == 0, "\(outcome)\n\(mount.serviceMessages.suffix(2000))")
            mount.stop()
        }
    }
}
