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
            reply.succeed(upTo: ControlMessage.size) { answer in
                let end = message.send(to: file, requestor, &answer)
                if let vetoSeen, let veto = message.veto(in: answer.span, upTo: end) {
                    vetoSeen(SeenVeto(veto.veto, of: file, veto.operation))
                }
                return end
            }
        } catch {
            reply.fail(Errno(error))
        }
    }
}
