import CPosixCalls

/// Makes, renames and removes files.
extension Worker {
    private func freeName() -> ModelName? {
        guard let directory = random.element(of: directories) else { return nil }
        let number = nextNumber()
        // Some names are long, and some are not ASCII.
        let tail = random.oneIn(10) ? String(repeating: "ü", count: 60) : ""
        return ModelName(directory: directory, name: "n\(number)\(tail)")
    }

    private func add(_ file: ModelFile, at name: ModelName) {
        file.names.append(name)
        name.directory.entries.append((name.name, .file(file)))
    }

    private func remove(_ name: ModelName, of file: ModelFile) {
        name.directory.remove(name.name)
        file.names.removeAll { $0.directory === name.directory && $0.name == name.name }
        forgetIfGone(file)
    }

    /// A file with a name, and one of its names.
    private func named() -> (ModelFile, ModelName)? {
        random.element(of: files.flatMap { file in file.names.map { (file, $0) } })
    }

    private func open(_ path: String, _ kind: OpenHandle.Kind, creating: Bool) throws -> OpenHandle
    {
        let flags = call_open_flags
        var bits: Int32 = creating ? flags.create | flags.exclusive : 0
        switch kind {
        case .cached: bits |= 2
        case .direct: bits |= 2 | flags.direct
        case .appending: bits |= 1 | flags.append
        case .reading: break
        }
        let descriptor = try Finding.check("open \(path)", unsafe call_open(path, bits, 0o644))
        return OpenHandle(descriptor: Int32(descriptor), kind: kind)
    }

    func create() throws {
        guard files.count < Worker.mostFiles, let name = freeName() else { return }
        let file = try ModelFile(number: nextNumber())
        log.add("create f\(file.number) \(name.path)")
        file.handles.append(try open(name.path, .cached, creating: true))
        files.append(file)
        add(file, at: name)
    }

    func openOne() throws {
        guard let (file, name) = named(), file.handles.count < 5 else { return }
        let kind = random.element(of: OpenHandle.Kind.allCases) ?? .cached
        log.add("open f\(file.number) \(kind) \(name.path)")
        file.handles.append(try open(name.path, kind, creating: false))
    }

    /// Opens a file through /proc, also when it has no name left.
    func reopen() throws {
        guard let (file, handle) = handle(.cached), file.handles.count < 5 else { return }
        log.add("open f\(file.number) through its descriptor")
        let path = "/proc/self/fd/\(handle.descriptor)"
        file.handles.append(try open(path, random.oneIn(2) ? .cached : .direct, creating: false))
    }

    func closeOne() throws {
        guard let (file, handle) = handle(.cached, .direct, .appending, .reading) else { return }
        log.add("close f\(file.number) \(handle.kind)")
        try close(handle, of: file)
    }

    func close(_ handle: OpenHandle, of file: ModelFile) throws {
        file.handles.removeAll { $0.descriptor == handle.descriptor }
        try Finding.check("close", call_close(handle.descriptor))
        forgetIfGone(file)
    }

    func rename() throws {
        guard let (file, old) = named(), let new = freeName() else { return }
        log.add("rename f\(file.number) \(old.path) to \(new.path)")
        let flags: UInt32 = random.oneIn(2) ? 1 : 0
        try Finding.check("rename", unsafe call_rename(old.path, new.path, flags))
        add(file, at: new)
        remove(old, of: file)
    }

    func renameOver() throws {
        guard let (file, old) = named(), let (other, new) = named(), file !== other else { return }
        log.add("rename f\(file.number) \(old.path) over f\(other.number) \(new.path)")
        try Finding.check("rename", unsafe call_rename(old.path, new.path, 0))
        remove(new, of: other)
        add(file, at: new)
        remove(old, of: file)
    }

    func exchange() throws {
        guard let (file, one) = named(), let (other, two) = named(), file !== other else { return }
        log.add("exchange f\(file.number) \(one.path) and f\(other.number) \(two.path)")
        try Finding.check("exchange", unsafe call_rename(one.path, two.path, 2))
        add(other, at: one)
        add(file, at: two)
        remove(first: one, of: file)
        remove(first: two, of: other)
    }

    /// Removes the older of two entries with one name: the exchange has added the newer entry.
    private func remove(first name: ModelName, of file: ModelFile) {
        if let index = name.directory.entries.firstIndex(where: { $0.name == name.name }) {
            name.directory.entries.remove(at: index)
        }
        let index = file.names.firstIndex {
            $0.directory === name.directory && $0.name == name.name
        }
        if let index { file.names.remove(at: index) }
    }

    func link() throws {
        guard let (file, old) = named(), file.names.count < 4, let new = freeName() else { return }
        log.add("link f\(file.number) \(old.path) to \(new.path)")
        try Finding.check("link", unsafe call_link(old.path, new.path, 0))
        add(file, at: new)
    }

    func unlink() throws {
        guard let (file, name) = named() else { return }
        log.add("unlink f\(file.number) \(name.path)")
        try Finding.check("unlink", unsafe call_unlink(name.path))
        remove(name, of: file)
    }
}
