import CKernelABI
import Glibc
import Testing

@testable import FUSE

@Suite("Mount options")
struct MountOptionsTests {
    @Test("the kernel always checks permissions")
    func kernelOptions() {
        var options = MountOptions()
        let base =
            "fd=9,rootmode=40000,user_id=\(geteuid()),group_id=\(getegid()),default_permissions"
        #expect(options.kernelOptions(device: 9) == base)
        options.allowOther = true
        options.maximumRead = 65536
        #expect(options.kernelOptions(device: 9) == base + ",allow_other,max_read=65536")
        options.rootPermissions = 0o1755
        #expect(options.kernelOptions(device: 9).hasPrefix("fd=9,rootmode=41755,"))
    }

    @Test("flags of mount(2)")
    func kernelFlags() {
        var options = MountOptions()
        #expect(options.kernelFlags == BPIO_MS_NOSUID | BPIO_MS_NODEV)
        options.noSUID = false
        options.noDevices = false
        #expect(options.kernelFlags == 0)
        options.readOnly = true
        options.noExecution = true
        options.noAccessTime = true
        #expect(options.kernelFlags == BPIO_MS_RDONLY | BPIO_MS_NOEXEC | BPIO_MS_NOATIME)
    }

    @Test("commas and backslashes in names do not end an option of fusermount3")
    func helperOptions() {
        var options = MountOptions()
        options.source = #"a,b\c"#
        options.subtype = "bypassio"
        options.readOnly = true
        options.noExecution = true
        options.noAccessTime = true
        options.allowOther = true
        options.maximumRead = 4096
        #expect(
            options.helperOptions
                == #"fsname=a\,b\\c,subtype=bypassio,default_permissions,allow_other,ro,noexec,"#
                + "noatime,max_read=4096")
    }
}
