import BypassIOProtocol
import LinuxKit
import SystemPackage
import Testing

@testable import HostFileSystem

@Suite("Storage of the running machine")
struct RunningMachineTests {
    @Test("Every mount point of the machine has an answer that fits the wire (spec 6.2)")
    func everyMount() throws {
        let discovery = try StorageDiscovery()
        #expect(!discovery.mounts.entries.isEmpty)
        for mount in discovery.mounts.entries {
            let topology = discovery.topology(of: mount)
            #expect(topology.fileSystem == mount.fileSystemType)
            #expect(!topology.storageVerdicts.isEmpty)
            for verdict in topology.verdicts {
                #expect(!verdict.driverName.isEmpty)
                #expect(verdict.driverName.utf16.count <= 32)
                #expect(verdict.reason.utf16.count <= 128)
                #expect(verdict.reason.isEmpty == !verdict.isVeto)
            }
        }
    }

    @Test("Every block device of the machine ends in disks with a driver and a block size")
    func everyBlockDevice() throws {
        let discovery = try StorageDiscovery()
        for number in KernelTree.entries(of: "/sys/dev/block") {
            let device = try #require(DeviceNumber(number))
            let topology = discovery.topology(of: device)
            for disk in topology.disks {
                #expect(!disk.driver.isEmpty)
                #expect((disk.logicalBlockSize ?? 0) >= 512)
                #expect((disk.dmaAlignment ?? 0) >= 1)
            }
        }
    }

    @Test(
        "Files, directories, pipes and kernel objects all answer",
        arguments: [
            "/", "/etc/passwd", "/proc", "/proc/self/status", "/sys", "/dev", "/dev/null",
            "/var/tmp",
        ] as [FilePath])
    func anything(path: FilePath) throws {
        let inspection = try HostInspection.read(at: path)
        #expect(!inspection.topology.fileSystem.isEmpty)
        #expect(!inspection.verdicts.isEmpty)
    }

    @Test(
        "A virtio disk is named by its driver and opts in",
        .enabled(if: KernelTree.exists("/sys/block/vda"), "needs a virtio disk vda"))
    func virtio() throws {
        let number = try #require(KernelTree.text("/sys/block/vda/dev"))
        let device = try #require(DeviceNumber(number))
        let topology = try StorageDiscovery().topology(of: device)
        let disk = try #require(topology.disks.first)
        #expect(disk.driver == "virtio_blk")
        #expect(disk.bus == .virtio)
        #expect((disk.hardwareQueues ?? 0) >= 1)
        #expect(topology.firstVeto == nil)
    }

    @Test(
        "A device node is answered for the device, not for the file system of /dev",
        .enabled(if: KernelTree.exists("/dev/vda"), "needs /dev/vda"))
    func deviceNode() throws {
        let inspection = try HostInspection.read(at: "/dev/vda")
        #expect(inspection.traits.kind == .blockDevice)
        #expect(inspection.topology.fileSystem == "bdev")
        #expect(inspection.topology.disks.map(\.name) == ["vda"])
    }

    @Test("A path that does not exist is an error, not an answer")
    func missing() {
        #expect(throws: Errno.noSuchFileOrDirectory) {
            _ = try HostInspection.read(at: "/nonexistent/file")
        }
    }
}
