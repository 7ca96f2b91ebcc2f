import CPosixCalls

/// Directories, symbolic links, attributes.
extension Worker {
    func makeDirectory() throws {
        guard directories.count < Worker.mostDirectories,
            let parent = random.element(of: directories)
        else { return }
        let number = nextNumber()
        let directory = ModelDirectory(number: number, parent: parent, name: "d\(number)")
        log.add("mkdir \(directory.path)")
        try Finding.check("mkdir", unsafe call_mkdir(directory.path, 0o755))
        parent.entries.append((directory.name, .directory(directory)))
        directories.append(directory)
    }

    func removeDirectory() throws {
        let empty = directories.filter { $0.entries.isEmpty && $0.parent != nil }
        guard let directory = random.element(of: empty) else { return }
        log.add("rmdir \(directory.path)")
        try Finding.check("rmdir", unsafe call_rmdir(directory.path))
        directory.parent?.remove(directory.name)
        directories.removeAll { $0 === directory }
    }

    func renameDirectory() throws {
        let movable = directories.filter { $0.parent != nil }
        guard let directory = random.element(of: movable),
            let target = random.element(of: directories), !directory.contains(target)
        else { return }
        let name = "d\(nextNumber())"
        log.add("rename \(directory.path) to \(target.path)/\(name)")
        try Finding.check(
            "rename", unsafe call_rename(directory.path, "\(target.path)/\(name)", 0))
        directory.parent?.remove(directory.name)
        (directory.parent, directory.name) = (target, name)
        target.entries.append((name, .directory(directory)))
    }

    func symbolicLink() throws {
        if links.count > 5, let link = random.element(of: links) {
            log.add("unlink \(link.path)")
            try Finding.check("unlink", unsafe call_unlink(link.path))
            link.directory.remove(link.name)
            links.removeAll { $0.directory === link.directory && $0.name == link.name }
        } else if let directory = random.element(of: directories) {
            let number = nextNumber()
            let link = ModelName(directory: directory, name: "l\(number)")
            let target = "target \(number) " + String(repeating: "t", count: random.below(150))
            log.add("symlink \(link.path)")
            try Finding.check("symlink", unsafe call_symlink(target, link.path))
            directory.entries.append((link.name, .link(target)))
            links.append(link)
        }
    }

    func changeAttribute() throws {
        guard let file = file(), let name = random.element(of: file.names) else { return }
        if let value = file.attribute {
            var found = [UInt8](repeating: 0, count: 4096)
            log.add("getxattr f\(file.number)")
            let count = try Finding.check(
                "getxattr", unsafe call_getxattr(name.path, "user.model", &found, found.count))
            guard Array(found.prefix(count)) == value else {
                throw Finding("getxattr f\(file.number): \(count) other bytes than \(value.count)")
            }
        }
        let value = (0..<random.below(300)).map { _ in UInt8(random.below(256)) }
        log.add("setxattr f\(file.number) \(value.count)")
        try Finding.check(
            "setxattr", unsafe call_setxattr(name.path, "user.model", value, value.count, 0))
        file.attribute = value
    }
}
