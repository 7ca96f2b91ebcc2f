import CPosixCalls

/// Everything below a directory as lines of text, sorted by name: status, attributes, contents.
///
/// Uses absolute paths and no working directory, so any thread may call it. Root sees everything.
struct TreeSnapshot {
    private(set) var lines: [String] = []
    /// Includes the modification and change times, to the nanosecond: for comparing two views of a
    /// directory.
    let withTimes: Bool

    /// Reads this many bytes from a file's start, and as many before its end.
    private static let mostBytes = 1 << 16

    init(of path: String, withTimes: Bool) {
        self.withTimes = withTimes
        add(Array(path.utf8), shown: ".")
    }

    private mutating func add(_ path: [UInt8], shown: String) {
        let name = FileName(bytes: path)
        switch FileStatus.of(name, flags: CALL_AT_SYMLINK_NOFOLLOW) {
        case .failure(let failure):
            lines.append("\(shown): \(failure.answer)")
        case .success(let status):
            lines.append("\(shown): \(status.text)\(times(status))\(attributes(name))")
            if status.type == "regular" {
                lines[lines.count - 1] += " " + contents(name, size: Int64(status.raw.size))
            } else if status.type == "link" {
                lines[lines.count - 1] += " to " + target(name)
            } else if status.type == "directory" {
                addEntries(of: path, shown: shown)
            }
        }
    }

    private func times(_ status: FileStatus) -> String {
        guard withTimes else { return "" }
        let (modified, changed) = (status.raw.modified, status.raw.changed)
        return " mtime \(modified.seconds).\(modified.nanoseconds)"
            + " ctime \(changed.seconds).\(changed.nanoseconds)"
    }

    private func attributes(_ name: FileName) -> String {
        var list = [UInt8](repeating: 0, count: 65536)
        let answer = Answer(unsafe call_llistxattr(name.bytes, &list, list.count))
        let names = list.prefix(answer.count).split(separator: 0).map { Array($0) }
        let texts = names.map { attribute in
            var value = [UInt8](repeating: 0, count: 65536)
            let size = Answer(
                unsafe call_lgetxattr(
                    name.bytes, FileName(bytes: attribute).bytes, &value, value.count))
            let text = size.isError ? "\(size)" : ByteSummary.text(value.prefix(size.count))
            return " \(String(decoding: attribute, as: UTF8.self))=\(text)"
        }
        return texts.sorted().joined()
    }

    private func contents(_ name: FileName, size: Int64) -> String {
        let file = Answer(unsafe call_open(name.bytes, 0, 0))
        guard !file.isError else { return "open \(file)" }
        defer { _ = call_close(file.descriptor) }
        let places =
            size <= TreeSnapshot.mostBytes ? [0] : [0, size - Int64(TreeSnapshot.mostBytes)]
        let texts = places.map { place -> String in
            var buffer = [UInt8](repeating: 0, count: TreeSnapshot.mostBytes)
            let answer = Answer(
                unsafe call_pread(file.descriptor, &buffer, buffer.count, place))
            return answer.isError ? "\(answer)" : ByteSummary.text(buffer.prefix(answer.count))
        }
        return texts.joined(separator: " … ")
    }

    private func target(_ name: FileName) -> String {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let answer = Answer(unsafe call_readlink(name.bytes, &buffer, buffer.count))
        return answer.isError ? "\(answer)" : ByteSummary.text(buffer.prefix(answer.count))
    }

    private mutating func addEntries(of path: [UInt8], shown: String) {
        // Stops before the whole path becomes longer than a call accepts.
        guard shown.utf8.count < 3000 else { return lines.append("too deep to look at") }
        let name = FileName(bytes: path)
        let directory = Answer(unsafe call_open(name.bytes, OpenFlags.directory.rawValue, 0))
        let entries = DirectoryReading.all(directory.descriptor)
        _ = call_close(directory.descriptor)
        guard case .success(let all) = entries else {
            return lines.append("\(shown): not readable")
        }
        let names = all.filter { !$0.isDot }.map(\.name)
        for name in names.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            let text = String(validating: name, as: UTF8.self) ?? "\(name)"
            add(path + [0x2F] + name, shown: "\(shown)/\(text)")
        }
    }
}
