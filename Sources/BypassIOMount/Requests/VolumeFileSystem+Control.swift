internal import BypassIOProtocol
internal import FUSE
internal import IOStack
internal import SystemPackage

/// IOCTL: the control code of a program on the mount.
extension VolumeFileSystem {
    /// ENOTTY for every other number; EINVAL for flags that are not 0.
    func control(_ request: borrowing ControlRequest, _ reply: consuming ControlReply) {
        if let flags = FlagsControl(rawValue: request.command) {
            return control(flags, request, reply)
        }
        guard request.command == ControlMessage.number else {
            return reply.fail(.inappropriateIOCTLForDevice)
        }
        guard let message = ControlMessage(request.input) else {
            return reply.fail(.invalidArgument)
        }
        do throws(IOFailure) {
            let file = try handles.handle(request.handle).file
            let requestor = requestor(request.context)
            let isRefused = refusesPause(message.operation, of: file, requestor)
            reply.succeed(upTo: ControlMessage.size) { answer in
                if isRefused { return message.refuse(with: .accessDenied, &answer) }
                let end = message.send(to: file, requestor, &answer)
                if let observer = volume.observer,
                    let (veto, operation) = message.veto(in: answer.span, upTo: end)
                {
                    observer.saw(.refused(operation, file.named, veto), on: volume)
                }
                return end
            }
        } catch {
            reply.fail(error)
        }
    }

    /// Whether the requestor may not pause or resume this file (docs/controls.md).
    private func refusesPause(
        _ operation: BypassIOOperation?, of file: FileObject, _ requestor: Requestor
    ) -> Bool {
        guard operation == .streamPause || operation == .streamResume, pausers == .owner,
            !requestor.mayAdministerVolume
        else { return false }
        guard file.access.contains(.read) else { return true }
        let owner = (try? volume.fileSystem.status(of: file))?.userID
        return owner != requestor.userID
    }
}
