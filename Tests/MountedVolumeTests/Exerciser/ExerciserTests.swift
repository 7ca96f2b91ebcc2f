import Foundation
import Testing

extension MountedVolume {
    /// Four processes read, write, truncate, map and rename at random, and compare all they see
    /// with a model of what the files must hold; at the end the files behind the mount too.
    ///
    /// Direct reads enable, disable, pause and resume bypass meanwhile (spec 4.6); a third of the
    /// time with each policy of suspension, and a third on the kernel route.
    ///
    /// Twenty minutes instead of one: `BYPASSIO_TEST_SECONDS=1200`; a run again: the seed that it
    /// printed as `BYPASSIO_TEST_SEED`.
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
