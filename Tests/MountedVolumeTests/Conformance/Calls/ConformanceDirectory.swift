import CPosixCalls
import Foundation

/// A fresh directory for one case, and the record of every call in it with its answer.
///
/// The directory is the working directory of the case's thread, so that paths are relative and the
/// same on every file system. The record leaves out values that differ from run to run (inode
/// numbers, times, descriptors), so two records of one case can be compared line by line. A call on
/// a file that did not open answers EBADF, and the record keeps it like any other call.
final class ConformanceDirectory {
    /// The absolute path, for calls that cannot take a relative path.
    let path: String
    /// The same directory on ext4 itself, for changes behind a mount.
    let backing: String
    private(set) var lines: [String] = []
    private var prefix = ""

    private var endings: [() -> Void] = []

    init(path: String, backing: String) { (self.path, self.backing) = (path, backing) }

    /// Runs the body when the case is over.
    func atEnd(_ body: @escaping () -> Void) { endings.append(body) }

    func end() {
        for ending in endings { ending() }
        endings = []
    }

    func note(_ what: String, _ outcome: some CustomStringConvertible) {
        append("\(what) → \(outcome)")
    }

    @discardableResult
    func note(_ what: String, answer: Int64) -> Answer {
        let answer = Answer(answer)
        note(what, answer)
        return answer
    }

    /// Adds a line of another record.
    func append(_ line: String) {
        let printable = line.unicodeScalars.map { scalar in
            scalar.value < 0x20 || scalar.value == 0x7F ? "<\(scalar.value)>" : "\(scalar)"
        }
        lines.append(prefix + printable.joined())
    }

    func takeLines() -> [String] {
        defer { lines = [] }
        return lines
    }

    /// Marks the lines that the body records with `word`.
    func marked<Result>(_ word: String, _ body: () throws -> Result) rethrows -> Result {
        let before = prefix
        prefix += "\(word): "
        defer { prefix = before }
        return try body()
    }

    /// Does not record the body's calls: many calls of which only the sum counts.
    func unrecorded<Result>(_ body: () throws -> Result) rethrows -> Result {
        let kept = lines
        defer { lines = kept }
        return try body()
    }

    // MARK: Opening

    @discardableResult
    func open(_ name: FileName, _ flags: OpenFlags = .readOnly, mode: UInt32 = 0o644) -> OpenFile {
        let answer = Answer(unsafe call_open(name.bytes, flags.rawValue, mode))
        note("open \(name) \(flags)", answer.withoutValue)
        return OpenFile(name: "\(name)", descriptor: answer.descriptor, record: self)
    }

    /// Makes a file, which must not exist, by creat(2), and writes its contents.
    func makeFile(_ name: FileName, _ contents: String = "", mode: UInt32 = 0o644) {
        makeFile(name, Array(contents.utf8), mode: mode)
    }

    func makeFile(_ name: FileName, _ contents: [UInt8], mode: UInt32 = 0o644) {
        let flags: OpenFlags = [.writeOnly, .create, .exclusive]
        var answer = Answer(unsafe call_open(name.bytes, flags.rawValue, mode))
        if !answer.isError {
            let descriptor = answer.descriptor
            answer = Answer(unsafe call_write(descriptor, contents, contents.count))
            _ = call_close(descriptor)
        }
        note("make file \(name)", answer)
    }

    /// Records the whole file, through a descriptor of its own.
    func contents(_ name: FileName) {
        let answer = Answer(unsafe call_open(name.bytes, 0, 0))
        guard !answer.isError else { return note("contents \(name)", answer) }
        defer { _ = call_close(answer.descriptor) }
        let (bytes, end) = OpenFile.readAll(answer.descriptor)
        note("contents \(name)", end.isError ? "\(end)" : ByteSummary.text(bytes))
    }

    // MARK: Directories

    @discardableResult
    func mkdir(_ name: FileName, mode: UInt32 = 0o755) -> Answer {
        note("mkdir \(name)", answer: unsafe call_mkdir(name.bytes, mode))
    }

    @discardableResult
    func rmdir(_ name: FileName) -> Answer {
        note("rmdir \(name)", answer: unsafe call_rmdir(name.bytes))
    }

    /// Records names and types, sorted; without "." and "..".
    func list(_ name: FileName = ".") {
        let answer = Answer(unsafe call_open(name.bytes, OpenFlags.directory.rawValue, 0))
        guard !answer.isError else { return note("list \(name)", answer) }
        defer { _ = call_close(answer.descriptor) }
        switch DirectoryReading.all(answer.descriptor) {
        case .success(let entries):
            let texts = entries.filter { !$0.isDot }.map { "\($0.text)" }.sorted()
            note("list \(name)", texts.isEmpty ? "empty" : texts.joined(separator: ", "))
        case .failure(let answer):
            note("list \(name)", answer.answer)
        }
    }

    @discardableResult
    func chdir(_ name: FileName) -> Answer {
        note("chdir \(name)", answer: unsafe call_chdir(name.bytes))
    }

    /// Records the working directory, from this directory on.
    func workingDirectory() {
        var buffer = [UInt8](repeating: 0, count: 8192)
        let answer = Answer(unsafe call_getcwd(&buffer, buffer.count))
        guard !answer.isError else { return note("getcwd", answer) }
        let text = String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self)
        note("getcwd", text.hasPrefix(path) ? "DIR" + text.dropFirst(path.count) : text)
    }
}
