import BypassIOProtocol
import LinuxKit
import SystemPackage
import Testing

@testable import HostFileSystem

@Suite("Storage topology of machines made for the test")
struct StorageFixtureTests {
    static let nvme0 = "devices/pci0000:00/0000:01:00.0/nvme/nvme0/nvme0n1"
    static let nvme1 = "devices/pci0000:00/0000:02:00.0/nvme/nvme1/nvme1n1"
    static let scsiDevice = "devices/pci0000:00/0000:00:1f.2/ata1/host0/target0:0:0/0:0:0:0"
    static let sda = scsiDevice + "/block/sda"
    static let volume = "LVM-" + String(repeating: "v", count: 64)

    /// Two NVMe disks, the first with a partition.
    static func addNVMe(to machine: FixtureMachine) throws {
        for (place, number) in [(nvme0, "259:0"), (nvme1, "259:2")] {
            try machine.block(
                place, number,
                [
                    "queue/rotational": "0", "queue/nr_requests": "1023",
                    "queue/logical_block_size": "512", "queue/dma_alignment": "3",
                    "queue/io_poll": "1", "queue/scheduler": "[none] mq-deadline kyber",
                    "queue/write_cache": "write back", "size": "2000", "mq/0/x": "", "mq/1/x": "",
                ])
            let controller = place.split(separator: "/").dropLast().joined(separator: "/")
            try machine.link("sys/\(place)/device", to: machine.absolute("sys/\(controller)"))
            let function = controller.split(separator: "/").dropLast(2).joined(separator: "/")
            try machine.driver("nvme", of: function)
        }
        try machine.block(nvme0 + "/nvme0n1p2", "259:1", ["partition": "2"])
        try machine.block(nvme1 + "/nvme1n1p1", "259:3", ["partition": "1"])
    }

    /// A SATA disk behind AHCI.
    static func addSATA(to machine: FixtureMachine) throws {
        try machine.block(sda, "8:0", ["queue/rotational": "1", "queue/scheduler": "none [bfq]"])
        try machine.link("sys/\(sda)/device", to: machine.absolute("sys/\(scsiDevice)"))
        try machine.driver("sd", of: scsiDevice)
        try machine.driver("ahci", of: "devices/pci0000:00/0000:00:1f.2")
        try machine.write("sys/\(scsiDevice)/model", "SPINNER 9000  \n")
        try machine.block(sda + "/sda1", "8:1", ["partition": "1"])
    }

    @Test("spec 4.1: a partition of an NVMe disk passes reads through, and nvme opts in")
    func nvmePartition() throws {
        let machine = try FixtureMachine(mounts: ["1 0 259:1 / / rw - ext4 /dev/nvme0n1p2 rw"])
        try Self.addNVMe(to: machine)
        let topology = try machine.topology(ofMountAt: "/")
        #expect(topology.volumes.map(\.driver) == ["partition"])
        let disk = try #require(topology.disks.first)
        #expect(topology.disks.count == 1)
        #expect((disk.name, disk.driver, disk.bus) == ("nvme0n1", "nvme", .nvme))
        #expect(disk.hostDriver == nil)
        #expect(disk.hardwareQueues == 2)
        #expect(disk.queueDepth == 1023)
        #expect(disk.dmaAlignment == 4)
        #expect(disk.scheduler == "none")
        #expect(disk.supportsPolling == true)
        #expect(disk.isRotational == false)
        #expect(disk.size == 1_024_000)
        #expect(topology.firstVeto == nil)
        #expect(topology.hasCompatibleStorageDriver)
        #expect(topology.storageType == "NVMe")
        #expect(topology.storageDriverName == "nvme")
    }

    @Test("spec 3.3: encryption over LVM over a SATA disk vetoes, the disk's driver still opts in")
    func cryptOverLVM() throws {
        let machine = try FixtureMachine(mounts: ["1 0 253:1 / /home rw - xfs /dev/mapper/h rw"])
        try Self.addSATA(to: machine)
        let (lv, crypt) = ("devices/virtual/block/dm-0", "devices/virtual/block/dm-1")
        try machine.block(lv, "253:0", ["dm/uuid": Self.volume, "dm/name": "vg0-home"])
        try machine.slaves(of: lv, [Self.sda + "/sda1"])
        try machine.block(crypt, "253:1", ["dm/uuid": "CRYPT-LUKS2-abc-h", "dm/name": "h"])
        try machine.slaves(of: crypt, [lv])
        let topology = try machine.topology(ofMountAt: "/home")
        #expect(topology.volumes.map(\.driver) == ["dm-crypt", "dm-linear", "partition"])
        #expect(topology.volumes.map(\.depth) == [0, 1, 2])
        #expect(topology.volumes.map(\.label) == ["h", "vg0-home", nil])
        let disk = try #require(topology.disks.first)
        #expect((disk.driver, disk.hostDriver, disk.bus) == ("sd", "ahci", .sata))
        #expect(disk.model == "SPINNER 9000")
        #expect(disk.scheduler == "bfq")
        let veto = try #require(topology.firstVeto)
        #expect((veto.layer, veto.driverName) == (.volume, "dm-crypt"))
        #expect(veto.status == .notSupportedWithEncryption)
        #expect(topology.hasCompatibleStorageDriver)
        #expect(topology.storageType == "SATA")
    }

    @Test("MD RAID 1 over two NVMe partitions vetoes and names both disks")
    func mirror() throws {
        let machine = try FixtureMachine(mounts: ["1 0 9:0 / /r rw - ext4 /dev/md0 rw"])
        try Self.addNVMe(to: machine)
        let md = "devices/virtual/block/md0"
        try machine.block(md, "9:0", ["md/level": "raid1"])
        try machine.slaves(of: md, [Self.nvme0 + "/nvme0n1p2", Self.nvme1 + "/nvme1n1p1"])
        let topology = try machine.topology(ofMountAt: "/r")
        #expect(topology.volumes.map(\.driver) == ["md-raid1", "partition", "partition"])
        #expect(topology.volumes.map(\.depth) == [0, 1, 1])
        #expect(topology.disks.map(\.name) == ["nvme0n1", "nvme1n1"])
        #expect(topology.firstVeto?.driverName == "md-raid1")
        #expect(topology.firstVeto?.status == .noBypassIODriverSupport)
    }

    @Test("A loop device leads to the file system that holds its file, and on to the disk")
    func loop() throws {
        let machine = try FixtureMachine(mounts: [
            "1 0 259:1 / / rw - ext4 /dev/nvme0n1p2 rw", "2 1 7:0 / /img rw - xfs /dev/loop0 rw",
        ])
        try Self.addNVMe(to: machine)
        try machine.block(
            "devices/virtual/block/loop0", "7:0",
            ["loop/backing_file": "/images/a disk.img", "loop/dio": "1"])
        let topology = try machine.topology(ofMountAt: "/img")
        #expect(topology.fileSystem == "xfs")
        #expect(topology.volumes.map(\.driver) == ["loop", "partition"])
        let layer = try #require(topology.volumes.first)
        #expect(layer.backingFile == "/images/a disk.img")
        #expect(layer.backingFileSystem == "ext4")
        #expect(layer.usesDirectIO == true)
        #expect(topology.disks.map(\.driver) == ["nvme"])
        #expect(topology.firstVeto?.driverName == "loop")
    }

    @Test("A loop device on itself ends with a remark instead of never")
    func loopOnItself() throws {
        let machine = try FixtureMachine(mounts: ["1 0 7:0 / / rw - ext4 /dev/loop0 rw"])
        try machine.block(
            "devices/virtual/block/loop0", "7:0", ["loop/backing_file": "/self.img"])
        let topology = try machine.topology(ofMountAt: "/")
        #expect(topology.disks.isEmpty)
        #expect(topology.remarks.contains { $0.contains("nested too deeply") })
    }

    @Test("A loop device without a file is no disk and vetoes")
    func loopWithoutFile() throws {
        let machine = try FixtureMachine(mounts: ["1 0 0:1 / / rw - tmpfs none rw"])
        try machine.block("devices/virtual/block/loop3", "7:3")
        let topology = try machine.discovery().topology(of: DeviceNumber(major: 7, minor: 3))
        #expect(topology.volumes.map(\.driver) == ["loop"])
        #expect(topology.disks.isEmpty)
        #expect(topology.firstVeto?.driverName == "loop")
        #expect(!topology.hasCompatibleStorageDriver)
    }

    @Test("A USB stick: sd behind uas")
    func usb() throws {
        let machine = try FixtureMachine(mounts: ["1 0 8:16 / /u rw - vfat /dev/sdb rw"])
        let interface = "devices/pci0000:00/0000:00:14.0/usb1/1-2/1-2:1.0"
        let device = interface + "/host3/target3:0:0/3:0:0:0"
        try machine.block(device + "/block/sdb", "8:16", ["removable": "1"])
        try machine.link(
            "sys/\(device)/block/sdb/device", to: machine.absolute("sys/\(device)"))
        try machine.driver("sd", of: device)
        try machine.driver("uas", of: interface)
        try machine.driver("usb", of: "devices/pci0000:00/0000:00:14.0/usb1/1-2")
        let disk = try #require(try machine.topology(ofMountAt: "/u").disks.first)
        #expect((disk.driver, disk.hostDriver, disk.bus) == ("sd", "uas", .usb))
        #expect(disk.isRemovable == true)
    }

    @Test("zram is a disk of memory whose driver opts in")
    func zram() throws {
        let machine = try FixtureMachine(mounts: ["1 0 252:0 / /z rw - ext4 /dev/zram0 rw"])
        try machine.block(
            "devices/virtual/block/zram0", "252:0", ["queue/logical_block_size": "4096"])
        let topology = try machine.topology(ofMountAt: "/z")
        #expect(topology.storageDriverName == "zram")
        #expect(topology.storageType == "RAM")
        #expect(topology.logicalBlockSize == 4096)
        #expect(topology.firstVeto == nil)
    }

    @Test("btrfs over two disks is found from its anonymous device by the mounted node")
    func btrfs() throws {
        let machine = try FixtureMachine(mounts: ["1 0 0:45 /@ / rw - btrfs /dev/mapper/b rw"])
        try Self.addNVMe(to: machine)
        try machine.write("dev/dm-9", "")
        try machine.link("dev/mapper/b", to: "../dm-9")
        let linear = "devices/virtual/block/dm-9"
        try machine.block(linear, "253:9", ["dm/uuid": Self.volume])
        try machine.slaves(of: linear, [Self.nvme0])
        try machine.write("sys/fs/btrfs/other/devices/x", "")
        for name in ["dm-9", "nvme1n1"] {
            let target = name == "dm-9" ? linear : Self.nvme1
            try machine.link(
                "sys/fs/btrfs/f00/devices/\(name)", to: machine.absolute("sys/\(target)"))
        }
        let topology = try machine.topology(ofMountAt: "/")
        #expect(topology.volumes.map(\.driver) == ["btrfs", "dm-linear"])
        #expect(Set(topology.disks.map(\.name)) == ["nvme0n1", "nvme1n1"])
        #expect(topology.firstVeto?.driverName == "btrfs")
        #expect(topology.firstVeto?.status == .noBypassIODriverSupport)
    }

    @Test("spec 3.3: an overlay is virtualization, and shows what its directories lie on")
    func overlay() throws {
        let machine = try FixtureMachine(mounts: [
            "1 0 259:1 / / rw - ext4 /dev/nvme0n1p2 rw",
            "2 1 0:50 / /tmp rw - tmpfs tmpfs rw",
            "3 1 0:51 / /m rw - overlay overlay rw,lowerdir=/low:/l2,upperdir=/tmp/u,workdir=/w",
        ])
        try Self.addNVMe(to: machine)
        let topology = try machine.topology(ofMountAt: "/m")
        #expect(topology.underlying.map(\.fileSystem) == ["tmpfs", "ext4", "ext4"])
        #expect(topology.firstVeto?.driverName == "overlay")
        #expect(topology.firstVeto?.status == .notSupportedWithVirtualization)
        #expect(topology.hasCompatibleStorageDriver == false)
    }

    @Test(
        "Storage that is no local disk answers with the file system's own name",
        arguments: [
            ("tmpfs", "RAM"), ("nfs4", "Network"), ("cifs", "Network"), ("9p", "Network"),
            ("ceph", "Network"), ("fuse.sshfs", "Virtual"), ("fuse", "Virtual"),
            ("proc", "Virtual"),
            ("zfs", "Unknown"),
        ])
    func notADisk(type: String, storage: String) throws {
        let machine = try FixtureMachine(mounts: ["1 0 0:50 / /x rw - \(type) a:/b rw"])
        let topology = try machine.topology(ofMountAt: "/x")
        #expect(topology.storageDriverName == type)
        #expect(topology.storageType == storage)
        let veto = try #require(topology.firstVeto)
        #expect((veto.layer, veto.driverName) == (.storage, type))
        #expect(veto.status == .noBypassIODriverSupport)
    }

    @Test(
        "A device-mapper device is told by its uuid, or said to be unknown",
        arguments: [
            ("CRYPT-LUKS1-x", [], "dm-crypt", VolumeLayer.Role.encrypts),
            ("CRYPT-PLAIN-x", [], "dm-crypt", .encrypts),
            ("CRYPT-VERITY-x", [], "dm-verity", .verifies),
            ("CRYPT-INTEGRITY-x", [], "dm-integrity", .verifies),
            (volume, ["\(volume)-real", "\(volume)-cow"], "dm-snapshot", .snapshots),
            (volume, ["\(volume)-real"], "dm-snapshot-origin", .snapshots),
            (volume, ["\(volume)-tpool"], "dm-thin", .thinProvisions),
            (volume, ["\(volume)-cdata", "\(volume)-corig"], "dm-cache", .caches),
            (volume, ["\(volume)-vpool"], "dm-vdo", .deduplicates),
            (volume, ["CRYPT-LUKS2-pv"], "dm-linear", .passesThrough),
            (volume, ["CRYPT-LUKS2-a", "CRYPT-LUKS2-b"], "device-mapper", .spansDevices),
            ("mpath-3600", [], "dm-multipath", .passesThrough),
            ("", [], "device-mapper", .unknown),
        ] as [(String, [String], String, VolumeLayer.Role)])
    func deviceMapper(
        uuid: String, parts: [String], driver: String, role: VolumeLayer.Role
    ) throws {
        let machine = try FixtureMachine(mounts: ["1 0 253:0 / / rw - ext4 /dev/dm-0 rw"])
        let top = "devices/virtual/block/dm-0"
        try machine.block(top, "253:0", ["dm/uuid": uuid, "dm/name": "top"])
        for (index, part) in parts.enumerated() {
            let place = "devices/virtual/block/dm-\(index + 1)"
            try machine.block(place, "253:\(index + 1)", ["dm/uuid": part, "dm/name": "p"])
            try machine.slaves(of: top, [place])
        }
        let layer = try #require(try machine.topology(ofMountAt: "/").volumes.first)
        #expect((layer.driver, layer.role) == (driver, role))
        #expect(layer.verdict.isVeto == (role != .passesThrough))
    }

    @Test("A machine without sysfs yields remarks and a veto, not a crash")
    func noSysfs() throws {
        let machine = try FixtureMachine(mounts: ["1 0 8:1 / / rw - ext4 /dev/sda1 rw"])
        let topology = try machine.topology(ofMountAt: "/")
        #expect(topology.disks.isEmpty)
        #expect(!topology.remarks.isEmpty)
        #expect(topology.storageType == "Unknown")
        #expect(topology.firstVeto?.status == .noBypassIODriverSupport)
    }

    @Test(
        "spec 6.2: every veto's name and reason fit, for every role and class",
        arguments: VolumeLayer.Role.allCases)
    func reasonsFit(role: VolumeLayer.Role) {
        let layer = VolumeLayer(
            driver: "dm-snapshot-origin", name: "dm-0", device: nil, role: role, depth: 0)
        let verdict = layer.verdict
        #expect(verdict.reason.utf16.count <= 128)
        #expect(verdict.driverName.utf16.count <= 32)
        #expect(verdict.reason.isEmpty == !verdict.isVeto)
    }

    @Test("A colon within the name of a layer of overlayfs does not split it")
    func overlayLayers() {
        #expect(StorageDiscovery.overlayPaths(Array(#"/a,b:/c\:d"#.utf8)) == ["/a,b", "/c:d"])
    }
}
