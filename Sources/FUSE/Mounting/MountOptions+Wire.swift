internal import CKernelABI
internal import Glibc

extension MountOptions {
    /// For mount(2): options of the fuse type.
    func kernelOptions(device: Int32) -> String {
        let root = String(0o40000 | UInt32(rootPermissions & 0o7777), radix: 8)
        var options = [
            "fd=\(device)", "rootmode=\(root)", "user_id=\(geteuid())", "group_id=\(getegid())",
            "default_permissions",
        ]
        if allowOther { options.append("allow_other") }
        if let maximumRead { options.append("max_read=\(maximumRead)") }
        return options.joined(separator: ",")
    }

    var kernelFlags: UInt32 {
        var flags: UInt32 = 0
        if readOnly { flags |= BPIO_MS_RDONLY }
        if noSUID { flags |= BPIO_MS_NOSUID }
        if noDevices { flags |= BPIO_MS_NODEV }
        if noExecution { flags |= BPIO_MS_NOEXEC }
        if noAccessTime { flags |= BPIO_MS_NOATIME }
        return flags
    }

    /// For fusermount3, which always adds nosuid and nodev.
    var helperOptions: String {
        var options = [
            "fsname=\(Self.escaped(source))", "subtype=\(Self.escaped(subtype))",
            "default_permissions",
        ]
        if allowOther { options.append("allow_other") }
        if readOnly { options.append("ro") }
        if noExecution { options.append("noexec") }
        if noAccessTime { options.append("noatime") }
        if let maximumRead { options.append("max_read=\(maximumRead)") }
        return options.joined(separator: ",")
    }

    /// Commas separate options; a backslash takes their meaning away.
    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing(",", with: "\\,")
    }
}
