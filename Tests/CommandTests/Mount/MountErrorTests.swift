import Foundation
import Testing

/// Wrong input of `mount`: it prints one sentence, exits with a documented code, and mounts
/// nothing.
@Suite(.enabled(if: BuiltCommand.isThere, "\(BuiltCommand.whyNot)"))
struct MountErrorTests {
    private let folder: Workspace
    private let source: String
    private let place: String

    init() throws {
        folder = try Workspace()
        try folder.makeFolder("source")
        try folder.makeFolder("place")
        source = folder.path("source")
        place = folder.path("place")
    }

    @Test func aSourceThatIsMissing() throws {
        expectError(
            try BuiltCommand.run("mount", folder.path("nothing"), place), code: 66,
            saying: "There is no such directory", "Make it first")
    }

    @Test func recoverWithTheRing() throws {
        expectError(
            try BuiltCommand.run("mount", "-o", "recover,transport=ring", source, place), code: 64,
            saying: "recover and transport=ring exclude each other")
    }

    @Test func aSourceThatIsAFile() throws {
        let file = try folder.write("file", [1])
        expectError(try BuiltCommand.run("mount", file, place), code: 66, saying: "not a directory")
    }

    @Test func aMountPointThatIsMissing() throws {
        expectError(
            try BuiltCommand.run("mount", source, folder.path("nothing")), code: 73,
            saying: "does not exist", "mkdir")
    }

    @Test func aMountPointThatIsAFile() throws {
        let file = try folder.write("file", [1])
        expectError(try BuiltCommand.run("mount", source, file), code: 73, saying: "directory")
    }

    @Test func aMountPointThatIsNotEmpty() throws {
        try folder.write("place/file", [1])
        expectError(try BuiltCommand.run("mount", source, place), code: 73, saying: "not empty")
    }

    @Test func aMountPointWhereSomethingIsMounted() throws {
        expectError(try BuiltCommand.run("mount", source, "/proc"), code: 73, saying: "mounted")
    }

    @Test func aMountPointWithinTheSource() throws {
        try folder.makeFolder("source/inside")
        expectError(
            try BuiltCommand.run("mount", source, folder.path("source/inside")), code: 64,
            saying: "contain itself")
    }

    @Test func aMountPointThatIsTheSource() throws {
        expectError(
            try BuiltCommand.run("mount", source, source), code: 64,
            saying: "are one directory, \(source)", "name another")
    }

    @Test(
        arguments: [
            ("bogus", "There is no option bogus. bypassio mount --help lists all."),
            ("bypas=auto", "There is no option bypas. Did you mean bypass?"),
            ("alow_other", "Did you mean allow_other?"), ("ro=1", "takes no value"),
            ("fsname", "needs a value"), ("attr_timeout=-1", "seconds"),
            ("threads=0", "from 1 to 256"), ("threads=x", "from 1 to 256"),
            ("filter=nosuch", "There is no filter nosuch"),
            ("subtype=a b", "letters"), ("log", "needs a value"),
        ])
    func aWrongOption(option: String, words: String) throws {
        expectError(
            try BuiltCommand.run("mount", "-o", option, source, place), code: 64, saying: words)
    }

    @Test(
        arguments: [
            ("nosuch", "there are readaudit, contentscan, accessheat"),
            ("readaudit=high", "no altitude"), ("readaudit,nosuch=1", "it has records"),
            ("accessheat,key=1", "it has none"), ("readaudit,records=0", "from 1"),
            ("readaudit,every-read=perhaps", "yes or no"), ("contentscan,signature=x", "NAME:TEXT"),
            ("contentscan,verdicts=0", "from 1"), ("readaudit,log=all", "records or none"),
        ])
    func aWrongFilter(filter: String, words: String) throws {
        expectError(
            try BuiltCommand.run("mount", "--filter", filter, source, place), code: 64,
            saying: words)
    }

    @Test func twoFiltersAtOneAltitude() throws {
        expectError(
            try BuiltCommand.run(
                "mount", "--filter", "readaudit=1", "--filter", "accessheat=1", source, place),
            code: 64, saying: "altitude of its own")
    }

    @Test func aConfigurationFileNamesTheLineThatIsWrong() throws {
        let file = try folder.write("mount.conf", Array("# ours\nro\n\nbogus = 1\n".utf8))
        expectError(
            try BuiltCommand.run("mount", "--config", file, source, place), code: 64,
            saying: "mount.conf:4: There is no option bogus")
        expectError(
            try BuiltCommand.run("mount", "--config", folder.path("none"), source, place), code: 66,
            saying: "cannot be read")
        let windows = try folder.write("windows", Array("ro\r\n\r\nthreads = 0\r\n".utf8))
        expectError(
            try BuiltCommand.run("mount", "--config", windows, source, place), code: 64,
            saying: "\(windows):3: ", "from 1 to 256")
        expectError(
            try BuiltCommand.run("mount", "--config", "/dev/zero", source, place), code: 65,
            saying: "more than 1 MiB")
    }

    @Test func aLogThatCannotBeWrittenOrWouldBeOnTheMount() throws {
        for background in [[], ["--background"]] {
            let missing = folder.path("nothing/log")
            expectError(
                try BuiltCommand.run(["mount", "--log", missing] + background + [source, place]),
                code: 73, saying: "The log \(missing) cannot be written", "--log")
            expectError(
                try BuiltCommand.run(
                    ["mount", "-o", "log=\(place)/log"] + background + [source, place]),
                code: 64, saying: "lies within the mount point")
        }
    }

    @Test func inTheBackgroundTheErrorIsTheSame() throws {
        expectError(
            try BuiltCommand.run("mount", "--background", folder.path("nothing"), place), code: 66,
            saying: "There is no such directory")
    }

    @Test(.enabled(if: Nobody.isThere, "\(Nobody.whyNot)"))
    func aUserWhoMayNotMountThere() throws {
        let outcome = try Nobody.run("mount", source, place)
        #expect(outcome.code == 77 || outcome.code == 69, "\(outcome.errors)")
        #expect(outcome.errorLines.count == 1, "\(outcome.errors)")
    }

    // MARK: umount and filters

    @Test func unmountingWhatIsNotMounted() throws {
        expectError(
            try BuiltCommand.run("umount", place), code: 66, saying: "Nothing is mounted")
    }

    @Test func unmountingWhatIsNotOurs() throws {
        expectError(
            try BuiltCommand.run("umount", "/proc"), code: 66, saying: "use umount(8)")
    }

    @Test func filtersOfWhatIsNoVolume() throws {
        expectError(
            try BuiltCommand.run("filters", place), code: 66,
            saying: "not the root of a bypassio volume")
        expectError(
            try BuiltCommand.run("filters", folder.path("none")), code: 66,
            saying: "does not exist")
    }

    @Test func theFiltersThatShipAreListed() throws {
        let outcome = try BuiltCommand.run("filters")
        #expect(outcome.code == 0)
        for name in ["readaudit", "contentscan", "accessheat"] {
            #expect(outcome.output.contains(name))
        }
    }
}
