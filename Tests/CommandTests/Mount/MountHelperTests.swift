import Foundation
import Testing

/// The command under the names that mount(8) calls: its exit codes are mount(8)'s bits.
@Suite(.enabled(if: BuiltCommand.isThere, "\(BuiltCommand.whyNot)"))
struct MountHelperTests {
    private let folder: Workspace

    init() throws {
        folder = try Workspace()
        try folder.makeFolder("source")
        try folder.makeFolder("place")
    }

    private func call(_ name: String, _ arguments: String...) throws -> BuiltCommand.Outcome {
        let command = try #require(BuiltCommand.location)
        let helper = folder.path(name)
        if !FileManager.default.fileExists(atPath: helper) {
            try folder.link(name, to: command.path)
        }
        return try BuiltCommand.start(helper, arguments)
    }

    @Test(arguments: ["mount.bypassio", "mount.fuse.bypassio"])
    func usageIsBit1(name: String) throws {
        #expect(try call(name).code == 1)
        #expect(try call(name, folder.path("source")).code == 1)
        #expect(try call(name, folder.path("source"), folder.path("place"), "-o").code == 1)
        #expect(
            try call(name, folder.path("source"), folder.path("place"), "-o", "bogus").code == 1)
    }

    @Test func aMountThatFailsIsBit32() throws {
        #expect(try call("mount.bypassio", folder.path("none"), folder.path("place")).code == 32)
        #expect(try call("mount.bypassio", folder.path("source"), folder.path("none")).code == 32)
    }

    @Test func aRemountTakesWhatLinuxShowsOfTheMount() throws {
        let options = "rw,remount,ro,nosuid,relatime,user_id=0,group_id=0,default_permissions"
        let place = folder.path("place")
        #expect(try call("mount.fuse.bypassio", "none", place, "-f", "-o", options).code == 0)
        // No volume is mounted there.
        #expect(try call("mount.fuse.bypassio", "none", place, "-o", options).code == 32)
        #expect(try call("mount.fuse.bypassio", "none", place, "-o", "remount,bogus").code == 1)
    }

    @Test func aFakeMountDoesEverythingBut() throws {
        let outcome = try call(
            "mount.bypassio", folder.path("source"), folder.path("place"), "-f", "-n", "-v", "-o",
            "rw,nofail,x-systemd.automount,filter=readaudit")
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(outcome.output.isEmpty)
    }
}
