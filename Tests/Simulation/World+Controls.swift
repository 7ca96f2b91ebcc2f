import BypassIOProtocol
import IOStack
import TestMessages

@testable import BypassIOMount
@testable import FUSE

/// Controls of programs, and what they must answer.
extension World {
    // MARK: Sending

    private struct ControlReply {
        let status: NTStatus
        let output: FSBypassIOOutput?
    }

    func control(_ operation: Operation) -> String {
        let step = operation.step
        let asked = BypassIOOperation(rawValue: UInt32(1 + step[1] % 8))
        let skips = step[2] % 2 == 1
        return withHandle(step[0]) { handle in
            begin(asked, handle, operation)
            let reply = send(asked, skips, handle, operation)
            if asked == .enable {
                handle.enablesUnderWay -= 1
                handle.lastEnable = tick()
            }
            guard let reply, !isCut(operation) else { return "cut" }
            let verdict = reply.output?.results?.status
            end(asked, handle, operation, reply.status, verdict)
            checkControl(asked, skips, handle, operation, reply)
            return "\(reply.status) \(verdict.map { "\($0)" } ?? "")"
        }
    }

    /// Any bytes: the answer is a status and no more bytes than there is room.
    func garbage(_ operation: Operation) -> String {
        let step = operation.step
        return withHandle(step[0]) { handle in
            var message = [UInt8](repeating: UInt8(step[1] % 256), count: 512)
            message.replaceSubrange(0..<4, with: UInt32(0x90448).littleEndianBytes)
            message.replaceSubrange(4..<8, with: UInt32(0).littleEndianBytes)
            message.replaceSubrange(8..<12, with: UInt32(step[2] % 64).littleEndianBytes)
            message.replaceSubrange(12..<16, with: UInt32(step[3] % 400).littleEndianBytes)
            let answer = ioctl(message, handle, operation)
            if isCut(operation) { return "cut" }
            demand(answer.errno == 0, "\(step): errno \(answer.errno)")
            let status = NTStatus(rawValue: answer.body.word(16 + 16))
            let expected: NTStatus =
                step[2] % 64 < 24 ? .invalidBufferSize : .invalidParameter
            demand(status == expected, "\(step): \(status) instead of \(expected)")
            demand(answer.body.word(16 + 20) == 0, "\(step): an error has output")
            return "\(status)"
        }
    }

    private func ioctl(
        _ message: [UInt8], _ handle: Handle, _ operation: Operation
    ) -> Kernel.Answer {
        kernel.ask(
            operation.life, .control, handle.file.node ?? 0,
            Body.longs(handle.number) + Body.words(0, ControlMessage.number) + Body.longs(0)
                + Body.words(UInt32(message.count), 512) + message)
    }

    private func send(
        _ asked: BypassIOOperation, _ skips: Bool, _ handle: Handle, _ operation: Operation
    ) -> ControlReply? {
        var message = [UInt8](repeating: 0, count: 512)
        message.replaceSubrange(0..<4, with: UInt32(0x90448).littleEndianBytes)
        message.replaceSubrange(8..<16, with: Body.words(24, 352))
        message.replaceSubrange(24..<32, with: Body.words(asked.rawValue, skips ? 1 : 0))
        let answer = ioctl(message, handle, operation)
        if isCut(operation) { return nil }
        demand(answer.errno == 0, "\(operation.step): errno \(answer.errno)")
        let status = NTStatus(rawValue: answer.body.word(16 + 16))
        let length = Int(answer.body.word(16 + 20))
        let room = asked.minimumOutputSize ?? 0
        demand(
            length == (status == .success ? room : 0),
            "\(operation.step): \(length) bytes of output instead of \(room)")
        guard status == .success else { return ControlReply(status: status, output: nil) }
        var output = Array(answer.body.dropFirst(16 + 24))
        output += [UInt8](repeating: 0, count: max(0, 352 - output.count))
        guard let decoded = try? FSBypassIOOutput(decoding: output.span),
            decoded.operation == asked
        else { fail("\(operation.step): the output is none of \(asked)") }
        return ControlReply(status: status, output: decoded)
    }

    // MARK: The model

    private func begin(
        _ asked: BypassIOOperation, _ handle: Handle, _ operation: Operation
    ) {
        guard asked == .enable else { return }
        handle.isDisabled = false
        handle.enablesUnderWay += 1
        handle.lastEnable = tick()
    }

    private func end(
        _ asked: BypassIOOperation, _ handle: Handle, _ operation: Operation,
        _ status: NTStatus, _ verdict: NTStatus?
    ) {
        let routes = handle.file.routes
        guard status == .success else {
            // A pause or a DISABLE that reads delayed; it may have been taken back.
            areRoutesKnown = false
            return
        }
        switch asked {
        case .enable:
            guard verdict == .success else { break }
            if activeBypass == 0 { volumeRoutes.isRefused = operation.life.driver.vetoes }
            handle.hasBypass = true
        case .disable:
            if handle.enablesUnderWay == 0, handle.lastEnable < operation.began {
                handle.isDisabled = true
            }
            lose(handle)
            if handle.isDisabled { demandNone(of: handle, "a DISABLE") }
        case .streamPause:
            routes.lastPause = tick()
            if handle.file.handles.contains(where: \.hasBypass) {
                (routes.isPaused, routes.isResumeRefused) = (true, false)
            }
        case .streamResume: noteResume(routes, verdict, operation)
        case .volumeStackPause: volumeRoutes.isPaused = true
        case .volumeStackResume:
            guard verdict == .success else { break }
            volumeRoutes.isPaused = false
            if activeBypass > 0 { volumeRoutes.isRefused = false }
        default: break
        }
    }

    func noteResume(_ routes: StreamRoutes, _ verdict: NTStatus?, _ operation: Operation) {
        if verdict == .success {
            routes.lastResume = max(routes.lastResume, operation.began)
            routes.isPaused = false
            routes.isResumeRefused = false
        } else {
            routes.lastRefusal = operation.began
            if routes.isPaused { routes.isResumeRefused = true }
        }
    }

    var activeBypass: Int {
        files.values.reduce(0) { $0 + $1.handles.count { $0.hasBypass } }
    }

    /// The handle's bypass ends, and with the last of a file its pause.
    func lose(_ handle: Handle) {
        guard handle.hasBypass else { return }
        handle.hasBypass = false
        let file = handle.file
        if !file.handles.contains(where: \.hasBypass) {
            (file.routes.isPaused, file.routes.isResumeRefused) = (false, false)
        }
        if activeBypass == 0 { volumeRoutes.isRefused = true }
    }

    /// The veto that a question about the file must meet, top down; nil: none.
    func verdict(of file: FileRecord) -> NTStatus? {
        let attached = filters.values.filter { $0.state == .attached }
        for filter in attached.sorted(by: { $0.altitude > $1.altitude }) {
            if filter.kind == .legacy { return .bypassIOFilterNotSupported }
            if filter.vetoes || filter.standing.contains(where: { $0 === file }) {
                return SimulatedFilter.veto
            }
        }
        return isChanged ? .notSupportedWithEncryption : nil
    }

    // MARK: Checks

    private func checkControl(
        _ asked: BypassIOOperation, _ skips: Bool, _ handle: Handle, _ operation: Operation,
        _ reply: ControlReply
    ) {
        let step = operation.step
        if reply.status != .success {
            let drains =
                asked == .disable || asked == .streamPause || asked == .volumeStackPause
            demand(
                reply.status == .ioTimeout && drains && operation.hadCompany,
                "\(step): \(asked) fails with \(reply.status)")
            return
        }
        guard let output = reply.output, areRoutesKnown, !operation.overlaps else { return }
        if let expected = expectedVerdict(asked, skips, handle, operation) {
            let found = output.results?.status
            demand(
                found == expected,
                "\(step): \(asked) answers \(found.map { "\($0)" } ?? "nothing")"
                    + " instead of \(expected)")
        }
        if asked == .getInfo, let info = output.info {
            demand(
                Int(info.activeBypassIOCount) == activeBypass,
                "\(step): \(info.activeBypassIOCount) files have bypass instead of \(activeBypass)")
        }
        let flags = expectedFlags(asked, handle)
        demand(output.flags == flags, "\(step): the flags are \(output.flags), not \(flags)")
    }

    /// nil: it has none, or what it asked below failed.
    private func expectedVerdict(
        _ asked: BypassIOOperation, _ skips: Bool, _ handle: Handle, _ operation: Operation
    ) -> NTStatus? {
        let veto = verdict(of: handle.file)
        if operation.met != nil { return nil }
        switch asked {
        case .enable: return veto ?? .success
        case .query:
            return veto
                ?? (operation.life.driver.vetoes && !skips
                    ? WatchingDriver.veto.status : .success)
        case .streamResume:
            // The model has taken the answer over.
            return handle.file.routes.isPaused ? veto : .success
        case .volumeStackResume:
            return operation.life.driver.vetoes ? WatchingDriver.veto.status : .success
        default: return nil
        }
    }

    private func expectedFlags(
        _ asked: BypassIOOperation, _ handle: Handle
    ) -> BypassIOOutputFlags {
        var flags: BypassIOOutputFlags = []
        if volumeRoutes.isPaused { flags.insert(.volumeStackBypassPaused) }
        if handle.file.routes.isPaused { flags.insert(.streamBypassPaused) }
        if filters.values.contains(where: { $0.kind == .legacy && $0.state == .attached }) {
            flags.insert(.filterAttachBlocked)
        }
        if asked == .enable || asked == .query || asked == .getInfo {
            flags.insert(.compatibleStorageDriver)
        }
        return flags
    }
}
