import FUSE
import TestMessages

@testable import FUSE

/// Requests through open files.
extension World {
    static let slotCount = 8
    static let writeOnlyOrBoth: [UInt32] = [0, 1, 2, 2]

    // MARK: What a request may answer

    /// A step ends here, because the service was killed meanwhile.
    func isCut(_ operation: Operation) -> Bool { operation.life.isDead }

    /// Ends the process where an error comes that nothing below gave, or where one is lost that
    /// must come up.
    func check(
        _ errno: Int32, _ operation: Operation, expected: Set<Int32> = [0], isStrict: Bool = true
    ) {
        let step = operation.step
        if let given = operation.refusal ?? operation.metErrno {
            guard operation.gave(errno) || (!isStrict && expected.contains(errno)) else {
                fail("\(step): errno \(errno), where \(given) was given below")
            }
            return
        }
        guard expected.contains(errno) else {
            fail("\(step): errno \(errno) instead of \(expected.sorted())")
        }
    }

    /// Runs `body` with an open handle, which no RELEASE takes away meanwhile.
    func withHandle(_ slot: Int, _ body: (Handle) -> String) -> String {
        guard let handle = slots[slot % Self.slotCount] else { return "no handle" }
        handle.users += 1
        handle.file.pins += 1
        defer {
            handle.users -= 1
            release(handle)
            unpin(handle.file)
        }
        return body(handle)
    }

    // MARK: Open and close

    func open(_ operation: Operation) -> String {
        let step = operation.step
        let slot = step[0] % Self.slotCount
        guard slots[slot] == nil, !reserved.contains(slot) else { return "the slot is taken" }
        reserved.insert(slot)
        defer { _ = reserved.remove(slot) }
        let name = Name(step[1])
        lockNames()
        let found = lookUp(name, operation)
        guard case .file(let file) = found else {
            defer { unlockNames() }
            guard case .absent = found, step.verb == .create else { return "\(found)" }
            return create(name, slot, operation)
        }
        file.pins += 1
        defer { unpin(file) }
        let epoch = namesEpoch
        unlockNames()
        let flags = flags(step)
        guard let node = file.node else { fail("\(step): a file without a node") }
        let answer = kernel.ask(operation.life, .open, node, Body.words(flags, 0))
        if isCut(operation) { return "cut" }
        // The kernel looks a name up again that moved meanwhile.
        check(
            answer.errno, operation, expected: mayHaveMoved(since: epoch) ? [0, 2, 116] : [0],
            isStrict: false)
        guard answer.errno == 0 else { return "errno \(answer.errno)" }
        keep(Handle(answer.body.long(0), file, flags), slot)
        return "handle"
    }

    /// Read, write or both, cached or direct.
    private func flags(_ step: Step) -> UInt32 {
        Self.writeOnlyOrBoth[step[2] % 4] | (step[2] / 4 % 4 == 0 ? 0 : Body.direct)
    }

    private func create(_ name: Name, _ slot: Int, _ operation: Operation) -> String {
        let flags = flags(operation.step) | 0o100
        let answer = kernel.ask(
            operation.life, .create, parent(name),
            Body.words(flags, 0o100644, 0, 0) + Body.name(name.text))
        if isCut(operation) {
            adoptNames([name])
            return "cut"
        }
        check(answer.errno, operation, isStrict: false)
        guard answer.errno == 0 else {
            adoptNames([name])
            return "errno \(answer.errno)"
        }
        demand(names[name] == nil, "\(operation.step): a file is made whose name is taken")
        let file = FileRecord(inode: answer.body.long(40), zero: zero)
        files[file.inode] = file
        file.links = 1
        names[name] = file
        namesEpoch += 1
        note(node: answer.body, of: file, operation)
        keep(Handle(answer.body.long(128), file, flags & ~0o100), slot)
        return "made"
    }

    private func keep(_ handle: Handle, _ slot: Int) {
        slots[slot] = handle
        handle.file.handles.append(handle)
        noteOpened(handle)
    }

    func close(_ operation: Operation) -> String {
        let slot = operation.step[0] % Self.slotCount
        guard let handle = slots.removeValue(forKey: slot) else { return "no handle" }
        handle.isClosed = true
        handle.file.pins += 1
        release(handle)
        unpin(handle.file)
        return handle.isReleased ? "closed" : "in use"
    }

    /// The kernel sends RELEASE once the last request through a closed handle is over.
    private func release(_ handle: Handle) {
        guard handle.isClosed, handle.users == 0, !handle.isReleased else { return }
        handle.isReleased = true
        overlapAll()
        handle.file.pins += 1
        defer { handle.file.pins -= 1 }
        let life = current?.life ?? self.life
        let answer = kernel.ask(
            life, .release, handle.file.node ?? 0,
            Body.longs(handle.number) + Body.words(handle.flags, 0) + Body.longs(0))
        handle.file.handles.removeAll { $0 === handle }
        if life.isDead { return }
        demand(answer.errno == 0, "RELEASE fails with \(answer.errno)")
        noteClosed(handle)
    }

    // MARK: Bytes

    func read(_ operation: Operation) -> String {
        let (offset, length) = (operation.step[1], operation.step[2])
        return withHandle(operation.step[0]) { handle in
            operation.handle = handle
            let file = handle.file
            let answer = kernel.ask(
                operation.life, .read, file.node ?? 0,
                Body.read(handle.number, offset, length, flags: handle.flags))
            if isCut(operation) { return "cut" }
            guard handle.mayRead else {
                demand(answer.errno != 0, "\(operation.step): reads what was opened for writing")
                return "errno \(answer.errno)"
            }
            check(answer.errno, operation)
            guard answer.errno == 0 else { return "errno \(answer.errno)" }
            let missing = operation.met?.kind == .short ? operation.met?.value ?? 0 : 0
            let wanted = max(0, length - missing)
            demand(answer.body.count <= wanted, "\(operation.step): reads too many bytes")
            if let fault = file.bytes.fault(
                of: answer.body, at: offset, length: wanted, since: operation.began)
            {
                fail("\(operation.step): \(fault)")
            }
            checkRoute(operation, handle)
            return "\(answer.body.count) bytes"
        }
    }

    func write(_ operation: Operation) -> String {
        let step = operation.step
        let offset = step[1] % (FileModel.limit / 2)
        let length = step[2] % (FileModel.limit / 4)
        return withHandle(step[0]) { handle in
            let change = operation.began
            let file = handle.file
            let source = FileModel.Source.write(change)
            let data = (offset..<offset + length).map { source.byte(at: $0, zero: 0) ?? 0 }
            if handle.mayWrite {
                file.bytes.begin(change, .write(source, at: offset, count: length))
            }
            let answer = kernel.ask(
                operation.life, .write, file.node ?? 0,
                Body.write(handle.number, offset, data, flags: handle.flags))
            guard handle.mayWrite else {
                demand(isCut(operation) || answer.errno != 0, "\(step): writes what it may not")
                return "errno \(answer.errno)"
            }
            let count = Int(answer.body.word(0))
            finish(operation, file, answer.errno, .write(source, at: offset, count: count))
            if isCut(operation) { return "cut" }
            guard answer.errno == 0 else { return "errno \(answer.errno)" }
            let whole = operation.met?.kind == .short ? length / 2 : length
            demand(count == whole, "\(step): \(count) bytes are written instead of \(whole)")
            return "\(count) bytes"
        }
    }

    func truncate(_ operation: Operation) -> String {
        withHandle(operation.step[0]) { handle in
            guard handle.mayWrite else { return "not for writing" }
            return truncate(handle.file, operation, handle)
        }
    }

    func truncateName(_ operation: Operation) -> String {
        withNamed(operation) { truncate($0, operation, nil) }
    }

    /// Runs `body` for the file that a step names; the kernel does not forget it meanwhile.
    private func withNamed(
        _ operation: Operation, _ body: (FileRecord) -> String
    ) -> String {
        lockNames()
        let found = lookUp(Name(operation.step[0]), operation)
        guard case .file(let file) = found else {
            unlockNames()
            return "\(found)"
        }
        file.pins += 1
        defer { unpin(file) }
        unlockNames()
        return body(file)
    }

    private func truncate(
        _ file: FileRecord, _ operation: Operation, _ handle: Handle?
    ) -> String {
        let size = operation.step[1] % (FileModel.limit / 2)
        let effects = [FileModel.Effect].truncate(to: size)
        let epoch = namesEpoch
        file.bytes.begin(operation.began, effects)
        let answer = kernel.ask(
            operation.life, .setAttributes, file.node ?? 0,
            Body.size(size, handle: handle?.number))
        let mayBeGone = handle == nil && mayHaveMoved(since: epoch)
        finish(
            operation, file, answer.errno, effects,
            expected: mayBeGone ? [0, 2, 116] : [0], isStrict: handle != nil)
        if isCut(operation) { return "cut" }
        guard answer.errno == 0 else { return "errno \(answer.errno)" }
        checkSize(answer.body, at: 24, of: file, operation)
        return "done"
    }

    /// A mode and a time at once, by the name: two changes for the service.
    func changeMode(_ operation: Operation) -> String {
        withNamed(operation) { changeMode(of: $0, operation) }
    }

    private func changeMode(of file: FileRecord, _ operation: Operation) -> String {
        let mode = UInt32(operation.step[1] % 512)
        let epoch = namesEpoch
        file.lastModeChange = operation.began
        let answer = kernel.ask(
            operation.life, .setAttributes, file.node ?? 0,
            Body.words(1 | 32, 0) + Body.longs(0, 0, 0, 0, 5, 0)
                + Body.words(0, 0, 0, 0o100000 | mode, 0, 0, 0, 0))
        if isCut(operation) { return "cut" }
        check(
            answer.errno, operation, expected: mayHaveMoved(since: epoch) ? [0, 2, 116] : [0],
            isStrict: false)
        guard answer.errno == 0 else { return "errno \(answer.errno)" }
        demand(
            file.lastModeChange != operation.began || answer.body.word(16 + 60) & 0o777 == mode
                || operation.hadCompany,
            "\(operation.step): the mode is \(answer.body.word(16 + 60))")
        return "done"
    }

    func allocate(_ operation: Operation) -> String {
        let step = operation.step
        let mode = [UInt32(0), 1, 3, 0x10, 0x11][step[1] % 5]
        let offset = step[2] % (FileModel.limit / 2)
        let length = 1 + step[3] % (FileModel.limit / 4)
        return withHandle(step[0]) { handle in
            guard handle.mayWrite else { return "not for writing" }
            let effects: [FileModel.Effect] =
                switch mode {
                case 0: .fill(upTo: offset + length)
                case 1: []
                case 0x10: .write(.zero, at: offset, count: length)
                default: .punch(offset..<offset + length)
                }
            handle.file.bytes.begin(operation.began, effects)
            let answer = kernel.ask(
                operation.life, .allocate, handle.file.node ?? 0,
                Body.longs(handle.number, UInt64(offset), UInt64(length)) + Body.words(mode, 0))
            finish(operation, handle.file, answer.errno, effects)
            return isCut(operation) ? "cut" : "errno \(answer.errno)"
        }
    }

    /// Ends a change in the model: it is done, or in doubt where the service was cut or something
    /// below failed, or it has not happened.
    private func finish(
        _ operation: Operation, _ file: FileRecord, _ errno: Int32, _ effects: [FileModel.Effect],
        expected: Set<Int32> = [0], isStrict: Bool = true
    ) {
        let change = operation.began
        if isCut(operation) { return file.bytes.doubt(change, now: tick()) }
        check(errno, operation, expected: expected, isStrict: isStrict)
        if errno == 0 {
            file.bytes.finish(change, effects, began: operation.began, now: tick())
            file.bytes.drop(change)
        } else if operation.metErrno != nil, operation.met?.kind != .before || isLate(operation) {
            file.bytes.doubt(change, now: tick())
        } else {
            file.bytes.drop(change)
        }
        purge(file)
    }

    /// A call that failed was not the first: an earlier one may have had its effect.
    private func isLate(_ operation: Operation) -> Bool { operation.calls > 1 }

    private func purge(_ file: FileRecord) {
        let oldest = operations.values.map(\.began).min() ?? events
        file.bytes.purge(before: oldest)
    }

    func sync(_ operation: Operation) -> String {
        withHandle(operation.step[0]) { handle in
            let answer = kernel.ask(
                operation.life, .synchronize, handle.file.node ?? 0,
                Body.longs(handle.number) + Body.words(UInt32(operation.step[1] % 2), 0))
            if isCut(operation) { return "cut" }
            check(answer.errno, operation)
            return "errno \(answer.errno)"
        }
    }

    func size(_ operation: Operation) -> String {
        withHandle(operation.step[0]) { handle in
            let answer = kernel.ask(
                operation.life, .getAttributes, handle.file.node ?? 0,
                Body.words(1, 0) + Body.longs(handle.number))
            if isCut(operation) { return "cut" }
            check(answer.errno, operation)
            guard answer.errno == 0 else { return "errno \(answer.errno)" }
            checkSize(answer.body, at: 24, of: handle.file, operation)
            return "done"
        }
    }

    private func checkSize(
        _ body: [UInt8], at offset: Int, of file: FileRecord, _ operation: Operation
    ) {
        let size = Int(body.long(offset))
        demand(
            file.bytes.mayHave(size: size, since: operation.began),
            "\(operation.step): the size is \(size), which the file has not had")
    }
}
