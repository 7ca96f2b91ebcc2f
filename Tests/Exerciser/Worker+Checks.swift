import CPosixCalls

/// Compares everything visible with the model.
extension Worker {
    func checkStatus() throws {
        guard let file = file() else { return }
        if let handle = random.element(of: file.handles) {
            log.add("fstat f\(file.number)")
            var status = call_status()
            try Finding.check(
                "fstat", unsafe call_status(handle.descriptor, "", CALL_AT_EMPTY_PATH, &status))
            try compare("fstat", status, file)
        }
        if let name = random.element(of: file.names) {
            log.add("stat f\(file.number) \(name.path)")
            var status = call_status()
            try Finding.check("stat", unsafe call_status(-100, name.path, 0, &status))
            try compare("stat", status, file)
        }
    }

    private func compare(_ what: String, _ status: call_status, _ file: ModelFile) throws {
        guard status.size == UInt64(file.size), status.links == UInt32(file.names.count) else {
            throw Finding(
                "\(what) f\(file.number): size \(status.size), links \(status.links), "
                    + "not \(file.size), \(file.names.count)")
        }
    }

    func checkOneDirectory() throws {
        guard let directory = random.element(of: directories) else { return }
        log.add("list \(directory.path)")
        try check(directory, at: directory.path)
    }

    /// Expects the model's names at `path`.
    private func check(_ directory: ModelDirectory, at path: String) throws {
        let found = try DirectoryNames.read(path)
        let expected = Set(directory.entries.map(\.name))
        let wrong = found.symmetricDifference(expected)
        guard wrong.isEmpty else {
            throw Finding(
                "list \(path): not there \(expected.subtracting(found).sorted()), "
                    + "not to be there \(found.subtracting(expected).sorted())")
        }
    }

    func checkOneFile() throws {
        guard let (file, handle) = handle(.cached, .reading) else { return }
        try check(
            file, handle.descriptor, "whole read", count: ModelFile.mostBytes + 4096, at: 0)
    }

    /// Checks everything through new descriptors; then the same behind the mount.
    func checkAtTheEnd() throws {
        for file in files { for mapping in file.mappings { try unmap(mapping, of: file) } }
        for file in files {
            for handle in file.handles {
                log.add("last fsync and close f\(file.number)")
                if handle.kind != .reading {
                    try Finding.check("fsync", call_fsync(handle.descriptor))
                }
                try check(whole: file, handle)
                try close(handle, of: file)
            }
        }
        try checkTree(at: root.path)
        if let backing { try checkTree(at: backing) }
    }

    private func check(whole file: ModelFile, _ handle: OpenHandle) throws {
        guard handle.kind == .cached || handle.kind == .reading else { return }
        try check(file, handle.descriptor, "last read", count: ModelFile.mostBytes + 4096, at: 0)
    }

    private func checkTree(at path: String) throws {
        for directory in directories {
            let place = path + directory.path.dropFirst(root.path.count)
            log.add("last list \(place)")
            try check(directory, at: place)
            for (name, node) in directory.entries {
                try check(node, at: "\(place)/\(name)")
            }
        }
    }

    private func check(_ node: ModelNode, at path: String) throws {
        switch node {
        case .directory: break
        case .link(let target):
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = try Finding.check(
                "readlink \(path)", unsafe call_readlink(path, &buffer, buffer.count))
            guard Array(buffer.prefix(count)) == Array(target.utf8) else {
                throw Finding("readlink \(path): another target")
            }
        case .file(let file):
            log.add("last check f\(file.number) \(path)")
            let descriptor = Int32(
                try Finding.check("open \(path)", unsafe call_open(path, 0, 0)))
            defer { _ = call_close(descriptor) }
            var status = call_status()
            try Finding.check(
                "fstat", unsafe call_status(descriptor, "", CALL_AT_EMPTY_PATH, &status))
            try compare("stat of \(path)", status, file)
            try check(file, descriptor, path, count: ModelFile.mostBytes + 4096, at: 0)
        }
    }
}

/// A directory's names, without "." and "..".
enum DirectoryNames {
    static func read(_ path: String) throws -> Set<String> {
        let flags = call_open_flags.directory
        let descriptor = Int32(try Finding.check("open \(path)", unsafe call_open(path, flags, 0)))
        defer { _ = call_close(descriptor) }
        var names: [String] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = try Finding.check(
                "getdents \(path)", unsafe call_getdents(descriptor, &buffer, buffer.count))
            guard count > 0 else { break }
            var place = 0
            while place + 19 <= count {
                let length = Int(buffer[place + 16]) | Int(buffer[place + 17]) << 8
                guard length >= 19, place + length <= count else { break }
                let name = buffer[place + 19..<place + length].prefix { $0 != 0 }
                names.append(String(decoding: name, as: UTF8.self))
                place += length
            }
        }
        let all = Set(names)
        guard all.count == names.count else { throw Finding("list \(path): a name comes twice") }
        return all.subtracting([".", ".."])
    }
}
