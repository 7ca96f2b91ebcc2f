internal import IOStack
internal import LinuxKit
internal import Synchronization
internal import SystemPackage

/// A read that the kernel holds until it is answered, once. If the last reference goes without an
/// answer, the read passes.
///
/// Any thread.
final class HeldRead: Sendable {
    let read: KernelRead
    /// The event's own descriptor. By its number the kernel knows which read is answered.
    private let event: OwnedDescriptor
    private let group: GateGroup
    private let isAnswered = Atomic<Bool>(false)

    /// Takes over the event's descriptor.
    init(_ read: KernelRead, event: consuming OwnedDescriptor, of group: GateGroup) {
        self.read = read
        self.event = event
        self.group = group
        group.countHeld()
    }

    /// Lets the read pass with nil, or fails it. Only the first answer counts.
    ///
    /// Programs get `EIO`, `EPERM`, `EBUSY`, `ETXTBSY`, `EAGAIN`, `ENOSPC` and `EDQUOT` unchanged.
    /// The kernel takes no other errno (fs/notify/fanotify), so any other becomes `EPERM`.
    func answer(_ failure: IOFailure?) {
        guard !isAnswered.exchange(true, ordering: .relaxed) else { return }
        let number = failure.map { Self.accepted($0.errno).rawValue } ?? 0
        // Fails only if the program was killed meanwhile and does not wait any more.
        try? SystemCall.answer(event.descriptor, with: number, to: group.descriptor)
    }

    deinit {
        answer(nil)
        group.countAnswered()
    }

    private static func accepted(_ error: Errno) -> Errno {
        switch error {
        case .ioError, .resourceBusy, .textFileBusy, .resourceTemporarilyUnavailable, .noSpace,
            .diskQuotaExceeded:
            error
        default: .notPermitted
        }
    }
}
