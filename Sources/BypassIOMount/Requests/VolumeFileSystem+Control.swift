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
                noteBypass(message.operation, of: request.handle, file)
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

    /// Writes the handle's bypass down for a successor.
    private func noteBypass(
        _ operation: BypassIOOperation?, of handle: HandleID, _ file: FileObject
    ) {
        guard recovery != nil else { return }
        switch operation {
        case .enable, .disable: handles.noteState(of: handle)
        case .streamPause, .streamResume: handles.noteStates(of: file.stream)
        default: break
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

/// The controls by which the kernel gets and sets a file's flags, FS_IOC_GETFLAGS and the like
/// (linux/fs.h); the kernel checks the rights. Also FS_IOC_GETVERSION, which concerns no flag.
enum FlagsControl: UInt32 {
    case getFlags = 0x8008_6601
    case setFlags = 0x4008_6602
    case getVersion = 0x8008_7601
    case getExtended = 0x801C_581F
    case setExtended = 0x401C_5820

    var changes: Bool { self == .setFlags || self == .setExtended }
}

extension VolumeFileSystem {
    /// EINVAL for an argument of another size, ENOTTY where the file system has no flags.
    func control(
        _ control: FlagsControl, _ request: borrowing ControlRequest,
        _ reply: consuming ControlReply
    ) {
        do throws(IOFailure) {
            let file = try handles.handle(request.handle).file
            let requestor = requestor(request.context)
            switch control {
            case .getFlags:
                reply.succeed(try file.flags(.inode, requestor: requestor).words.span)
            case .getVersion:
                reply.succeed(try file.flags(.generation, requestor: requestor).words.span)
            case .getExtended:
                reply.succeed(try file.flags(.extended, requestor: requestor).words.span)
            case .setFlags, .setExtended:
                guard let flags = FileFlags(control, request.input) else {
                    throw IOFailure(.invalidParameter)
                }
                try file.apply(.flags(flags), requestor: requestor)
                // The kernel does not know that a control moves the change time.
                notices.forgetAttributes(of: request.context.node)
                reply.succeed([UInt8]().span)
            }
        } catch {
            if control.changes { notices.forgetAttributes(of: request.context.node) }
            reply.fail(error)
        }
    }
}

extension FileFlags {
    /// `struct fsxattr`: five words and eight spare bytes.
    private static let extendedSize = 28

    /// nil for a control that sets nothing, or for another size.
    init?(_ control: FlagsControl, _ input: Span<UInt8>) {
        func word(_ index: Int) -> UInt32 {
            (0..<4).reduce(0) { $0 | UInt32(input[index * 4 + $1]) << UInt32($1 * 8) }
        }
        switch control {
        case .setFlags where input.count >= 4: self = .inode(word(0))
        case .setExtended where input.count >= Self.extendedSize:
            self = .extended(
                ExtendedFileFlags(
                    flags: word(0), extentSize: word(1), extentCount: word(2),
                    projectID: word(3), copyOnWriteExtentSize: word(4)))
        default: return nil
        }
    }

    /// In the kernel's layout.
    var words: [UInt8] {
        switch self {
        case .inode(let word), .generation(let word): Self.bytes([word])
        case .extended(let extended):
            Self.bytes([
                extended.flags, extended.extentSize, extended.extentCount, extended.projectID,
                extended.copyOnWriteExtentSize, 0, 0,
            ])
        }
    }

    private static func bytes(_ words: [UInt32]) -> [UInt8] {
        words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32($0 * 8)) } }
    }
}
