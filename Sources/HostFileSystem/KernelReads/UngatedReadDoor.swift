internal import BypassIOProtocol
internal import IOStack
internal import LinuxKit
internal import SystemPackage

/// The way for the kernel's reads if the host has no gate for it: file systems without pre-content
/// events (all but ext4, xfs and btrfs on Linux 6.18), kernels before 6.14.
final class UngatedReadDoor: KernelReadDoor {
    private let mount: OwnedDescriptor

    var storage: StorageHandle { StorageHandle(rawValue: mount.descriptor.rawValue) }
    var isRevocable: Bool { false }

    init(_ mount: consuming OwnedDescriptor) { self.mount = mount }

    func close() throws(IOFailure) { throw IOFailure(.notSupported) }
    func drain(with others: [any KernelReadDoor]) {}
    func open() {}
    func expectOpen(by thread: UInt32) -> ExpectedOpen { ExpectedOpen(thread: thread, number: 0) }
    func callOff(_ open: ExpectedOpen) {}
}
