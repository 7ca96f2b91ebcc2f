/// Names of file systems by the magic number of statfs(2) (linux/magic.h, statfs(2)).
public enum FileSystemMagic {
    /// The name as /proc/filesystems spells it; nil for a number not listed here.
    ///
    /// ext2, ext3 and ext4 share one number and give "ext4"; prefer the mount table's name.
    public static func name(of magic: UInt64) -> String? { names[magic] }

    /// File systems that make a file's content at the read, whatever size they report.
    package static func hasMadeUpSizes(_ magic: UInt64) -> Bool {
        name(of: magic).map(madeUp.contains) ?? false
    }

    private static let madeUp: Set<String> = [
        "proc", "sysfs", "cgroup", "cgroup2", "debugfs", "tracefs", "securityfs", "bpf", "configfs",
        "efivarfs", "binfmt_misc", "selinuxfs", "fusectl", "mqueue",
    ]

    package static let ext4: UInt64 = 0xEF53
    package static let btrfs: UInt64 = 0x9123_683E
    package static let xfs: UInt64 = 0x5846_5342
    package static let tmpfs: UInt64 = 0x0102_1994
    package static let overlay: UInt64 = 0x794C_7630

    /// File systems on which two files opened for reading differ only in their flags. On others an
    /// open file may have content of its own (/proc), rights of its own (NFS, FUSE), or lie on
    /// another layer than the next (overlayfs).
    package static let alike: Set<UInt64> = [ext4, xfs, btrfs, tmpfs, 0xF2F5_2010]

    /// File systems that another machine or another program controls.
    package static let elsewhere: Set<UInt64> = Set(
        names.filter {
            ["nfs", "cifs", "smb3", "smbfs", "9p", "ceph", "afs", "coda", "lustre", "fuse"]
                .contains($0.value)
        }.keys)

    private static let names: [UInt64: String] = [
        ext4: "ext4", xfs: "xfs", btrfs: "btrfs", tmpfs: "tmpfs", overlay: "overlay",
        0xF2F5_2010: "f2fs", 0xE0F5_E1E2: "erofs", 0xCA45_1A4E: "bcachefs", 0x2FC1_2FC1: "zfs",
        0x7371_7368: "squashfs", 0x9660: "iso9660", 0x1501_3346: "udf", 0x4D44: "vfat",
        0x2011_BAB0: "exfat", 0x7366_746E: "ntfs3", 0x5346_544E: "ntfs", 0x3434: "nilfs2",
        0x5A4F_4653: "zonefs", 0x3153_464A: "jfs", 0x5265_4973: "reiserfs", 0x4244: "hfs",
        0x482B: "hfsplus", 0x2876_2876: "romfs", 0x28CD_3D45: "cramfs", 0x72B6: "jffs2",
        0x2405_1905: "ubifs", 0x7461_636F: "ocfs2", 0x0116_1970: "gfs2",
        0x8584_58F6: "ramfs", 0x9584_58F6: "hugetlbfs",
        0x6969: "nfs", 0xFF53_4D42: "cifs", 0xFE53_4D42: "smb3", 0x517B: "smbfs",
        0x0102_1997: "9p", 0x00C3_6400: "ceph", 0x5346_414F: "afs", 0x7375_7245: "coda",
        0x0BD0_0BD0: "lustre", 0x6573_5546: "fuse",
        0x9FA0: "proc", 0x6265_6572: "sysfs", 0x1CD1: "devpts", 0x0027_E0EB: "cgroup",
        0x6367_7270: "cgroup2", 0x6462_6720: "debugfs", 0x7472_6163: "tracefs",
        0x7363_6673: "securityfs", 0xCAFE_4A11: "bpf", 0x6265_6570: "configfs",
        0x6165_676C: "pstore", 0xDE5E_81E4: "efivarfs", 0x1980_0202: "mqueue",
        0x0187: "autofs", 0x4249_4E4D: "binfmt_misc", 0x6E73_6673: "nsfs",
        0x5049_5045: "pipefs", 0x534F_434B: "sockfs", 0x0904_1934: "anon_inodefs",
        0x6265_6E64: "bdev", 0xF97C_FF8C: "selinuxfs", 0xF15F: "ecryptfs", 0x6573_5543: "fusectl",
    ]
}
