import CPosixCalls
import Foundation
import TestSupport
import Testing

extension MountedVolume {
    /// Tests of the mount that the tests use.
    @Suite struct LiveMounts {
        @Test("A mount is found in a table that is longer than a page, as containers have it")
        func longTable() throws {
            let folder = try TestFolder()
            let place = try folder.makeFolder("place")
            for _ in 0..<60 {
                try #require(unsafe call_mount_bind(folder.path, place) == 0)
            }
            let mount = try LiveMount()
            #expect(MountTable.fileSystem(at: mount.mountpoint) != nil)
            #expect(Leftovers.mountPoints(in: folder.path).count == 60)
            Leftovers.remove(folder: folder.path)
            #expect(MountTable.fileSystem(at: place) == nil)
        }

        @Test("A test that throws leaves no mount, no folder and no service")
        func thrown() throws {
            var folder = ""
            var service: Int64 = 0
            #expect(throws: TestError.self) {
                let mount = try LiveMount()
                (folder, service) = (mount.folder.path, mount.serviceIdentifier)
                throw TestError("in the middle")
            }
            #expect(Leftovers.mountPoints(in: folder).isEmpty)
            #expect(!FileManager.default.fileExists(atPath: folder))
            if service > 0 { #expect(ProcessGroup.progress(ofGroup: service) == 0) }
        }
    }
}
