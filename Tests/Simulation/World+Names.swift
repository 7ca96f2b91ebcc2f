import FUSE
import TestMessages

@testable import FUSE

/// Requests about names. The kernel sends those of a directory one after the other; here they have
/// one lock.
extension World {
    enum Found: CustomStringConvertible {
        case file(FileRecord)
        case absent
        case failed(Int32)

        var description: String {
            switch self {
            case .file: "found"
            case .absent: "absent"
            case .failed(let errno): "errno \(errno)"
            }
        }
    }

    func lockNames() {
        scheduler.wait { [unowned self] in !areNamesLocked }
        areNamesLocked = true
    }

    /// A change of names was under way meanwhile, or is.
    func mayHaveMoved(since epoch: Int) -> Bool { areNamesLocked || namesEpoch != epoch }

    func unlockNames() { areNamesLocked = false }

    func path(_ name: Name) -> String { name.path(in: directory) }

    func parent(_ name: Name) -> UInt64 { name.isInner ? innerNode : 1 }

    /// LOOKUP, as the kernel sends it before each request about a name.
    func lookUp(_ name: Name, _ operation: Operation) -> Found {
        let answer = kernel.ask(operation.life, .lookup, parent(name), Body.name(name.text))
        if isCut(operation) { return .failed(103) }
        if operation.gave(answer.errno) { return .failed(answer.errno) }
        let expected = names[name]
        guard answer.errno == 0, answer.body.long(0) != 0 else {
            demand(
                expected == nil && (answer.errno == 2 || answer.errno == 0),
                "LOOKUP of \(path(name)) fails with \(answer.errno)")
            return .absent
        }
        let inode = answer.body.long(40)
        guard let file = expected, file.inode == inode else {
            fail("LOOKUP of \(path(name)) finds \(inode) instead of \(expected?.inode ?? 0)")
        }
        note(node: answer.body, of: file, operation)
        return .file(file)
    }

    /// Counts a look-up of a node, as the kernel does.
    func note(node body: [UInt8], of file: FileRecord, _ operation: Operation) {
        let node = body.long(0)
        demand(
            file.node == nil || file.node == node,
            "\(operation.step): inode \(file.inode) is node \(file.node ?? 0) and \(node)")
        file.node = node
        operation.life.nodes[node, default: 0] += 1
    }

    // MARK: Forgetting

    func unpin(_ file: FileRecord) {
        file.pins -= 1
        guard file.pins == 0, file.handles.isEmpty, file.links == 0 else { return }
        forget(file)
        files[file.inode] = nil
    }

    private func forget(_ file: FileRecord) {
        guard let node = file.node, !life.isDead else { return }
        let count = life.nodes.removeValue(forKey: node) ?? 0
        file.node = nil
        _ = kernel.ask(life, .forget, node, Body.longs(count))
    }

    /// The kernel drops its caches: it forgets each file that nobody uses.
    func forget(_ operation: Operation) -> String {
        lockNames()
        defer { unlockNames() }
        for inode in files.keys.sorted() {
            guard let file = files[inode], file.pins == 0, file.handles.isEmpty,
                file.node != nil
            else { continue }
            // Nobody looks it up meanwhile.
            file.pins += 1
            forget(file)
            unpin(file)
        }
        return "done"
    }

    // MARK: Changes

    func rename(_ operation: Operation) -> String {
        let step = operation.step
        let (old, new) = (Name(step[0]), Name(step[1]))
        let flags = UInt32(step[2] % 3)
        return changeNames([old, new], operation) { files in
            let (moved, replaced) = (files[0], files[1])
            let body =
                Body.longs(parent(new)) + Body.words(flags, 0) + Body.name(old.text)
                + Body.name(new.text)
            var after = names
            if flags == 2 {
                (after[old], after[new]) = (replaced, moved)
            } else if moved !== replaced {
                (after[old], after[new]) = (nil, moved)
            }
            let expected: Int32 =
                if moved == nil { 2 } else if flags == 1, replaced != nil {
                    17
                } else if flags
                    == 2, replaced == nil
                { 2 } else { 0 }
            return (.renameWithFlags, parent(old), body, expected, after)
        }
    }

    func unlink(_ operation: Operation) -> String {
        let name = Name(operation.step[0])
        return changeNames([name], operation) { files in
            var after = names
            after[name] = nil
            return (
                .unlink, parent(name), Body.name(name.text), files[0] == nil ? 2 : 0, after
            )
        }
    }

    func link(_ operation: Operation) -> String {
        let (old, new) = (Name(operation.step[0]), Name(operation.step[1]))
        guard old != new else { return "the same" }
        return changeNames([old, new], operation) { files in
            guard let file = files[0], let node = file.node else { return nil }
            var after = names
            after[new] = file
            return (
                .link, parent(new), Body.longs(node) + Body.name(new.text),
                files[1] == nil ? 0 : 17, after
            )
        }
    }

    /// The directory gets its other name; files in it stay what they are.
    func moveDirectory(_ operation: Operation) -> String {
        lockNames()
        defer { unlockNames() }
        let (old, new) = (directory, directory == "d" ? "e" : "d")
        let answer = kernel.ask(
            operation.life, .renameWithFlags, 1,
            Body.longs(1) + Body.words(0, 0) + Body.name(old) + Body.name(new))
        if !isCut(operation) { check(answer.errno, operation, isStrict: false) }
        let (isOld, isNew) = scheduler.atomically {
            (truth.inode(of: old) != nil, truth.inode(of: new) != nil)
        }
        demand(isOld != isNew, "the directory has \(isOld ? "both names" : "no name")")
        demand(
            isNew || isCut(operation) || answer.errno != 0, "a rename succeeds and does nothing")
        if isNew { (directory, namesEpoch) = (new, namesEpoch + 1) }
        return isCut(operation) ? "cut" : "errno \(answer.errno)"
    }

    private typealias Request = (
        opcode: Opcode, node: UInt64, body: [UInt8], expected: Int32, after: [Name: FileRecord]
    )

    /// Looks the names up, sends the request, and takes over what it did.
    private func changeNames(
        _ changed: [Name], _ operation: Operation, _ request: ([FileRecord?]) -> Request?
    ) -> String {
        lockNames()
        defer { unlockNames() }
        var found: [FileRecord?] = []
        for name in changed {
            switch lookUp(name, operation) {
            case .file(let file): found.append(file)
            case .absent: found.append(nil)
            case .failed(let errno): return "errno \(errno)"
            }
        }
        for file in found { file?.pins += 1 }
        defer { for file in found { file.map { unpin($0) } } }
        guard let request = request(found) else { return "nothing to do" }
        let answer = kernel.ask(operation.life, request.opcode, request.node, request.body)
        if isCut(operation) {
            adopt(request.after, changed)
            return "cut"
        }
        check(answer.errno, operation, expected: [request.expected], isStrict: false)
        if answer.errno == 0 {
            take(request.after)
            if request.opcode == .link, let file = found[0] {
                note(node: answer.body, of: file, operation)
            }
        } else if operation.met != nil, request.expected == 0 {
            adopt(request.after, changed)
        }
        checkNames(changed, operation)
        return "errno \(answer.errno)"
    }

    private func take(_ after: [Name: FileRecord]) {
        names = after
        namesEpoch += 1
        for file in files.values { file.links = 0 }
        for file in names.values { file.links += 1 }
    }

    /// Of a request that failed or was cut, all has happened or nothing.
    private func adopt(_ after: [Name: FileRecord], _ changed: [Name]) {
        let real = scheduler.atomically { changed.map { truth.inode(of: path($0)) } }
        if real == changed.map({ names[$0]?.inode }) { return }
        demand(
            real == changed.map { after[$0]?.inode },
            "\(changed.map { path($0) }): neither what was there nor what was asked for")
        take(after)
    }

    /// Takes over a file that a failed CREATE may have made.
    func adoptNames(_ changed: [Name]) {
        for name in changed {
            let real = scheduler.atomically { truth.inode(of: path(name)) }
            guard let real, names[name] == nil else {
                demand(names[name]?.inode == real, "\(path(name)) is lost")
                continue
            }
            let file = FileRecord(inode: real, zero: zero)
            files[real] = file
            file.links = 1
            names[name] = file
            namesEpoch += 1
        }
    }

    private func checkNames(_ changed: [Name], _ operation: Operation) {
        for name in changed {
            let real = scheduler.atomically { truth.inode(of: path(name)) }
            demand(
                real == names[name]?.inode,
                "\(operation.step): \(path(name)) is \(real ?? 0) below, not what was acknowledged")
        }
    }

    // MARK: Listings

    func list(_ operation: Operation) -> String {
        let isInner = operation.step[0] % 2 == 1
        let node = isInner ? innerNode : 1
        lockNames()
        defer { unlockNames() }
        let opened = kernel.ask(operation.life, .openDirectory, node, Body.words(0, 0))
        if isCut(operation) { return "cut" }
        check(opened.errno, operation, isStrict: false)
        guard opened.errno == 0 else { return "errno \(opened.errno)" }
        let handle = opened.body.long(0)
        let listing = entries(of: node, handle, operation)
        _ = kernel.ask(
            operation.life, .releaseDirectory, node,
            Body.longs(handle) + Body.words(0, 0) + Body.longs(0))
        if isCut(operation) { return "cut" }
        guard let listing else { return "failed" }
        var expected = Set(names.keys.filter { $0.isInner == isInner }.map(\.text))
        if !isInner { expected.insert(directory) }
        demand(
            Set(listing) == expected && listing.count == expected.count,
            "\(operation.step): \(listing.sorted()) instead of \(expected.sorted())")
        return "\(listing.count) names"
    }

    /// nil: a listing failed, as something below did.
    private func entries(
        of node: UInt64, _ handle: UInt64, _ operation: Operation
    ) -> [String]? {
        var found: [String] = []
        var offset = 0
        while true {
            let answer = kernel.ask(
                operation.life, .readDirectory, node,
                // So small that a directory takes several requests.
                Body.read(handle, offset, 96, flags: 0))
            if isCut(operation) { return nil }
            check(answer.errno, operation, isStrict: false)
            guard answer.errno == 0 else { return nil }
            if answer.body.isEmpty { return found }
            var place = 0
            while place + 24 <= answer.body.count {
                let length = Int(answer.body.word(place + 16))
                offset = Int(answer.body.long(place + 8))
                found.append(
                    String(decoding: answer.body[place + 24..<place + 24 + length], as: UTF8.self))
                place += (24 + length + 7) / 8 * 8
            }
        }
    }
}
