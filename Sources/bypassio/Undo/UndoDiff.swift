import Foundation
import IOStack
import LinuxKit
import Minifilters
import SystemPackage
import Terminal

/// Differences of text, as diff(1) writes them; of everything else in words.
struct UndoDiff {
    /// Bytes of a file's start by which text is told from data.
    private static let looked = 8192

    private let tree: UndoTree
    private let folder: FilePath

    /// Throws a ``CommandError`` where no temporary file can be made.
    init(_ tree: UndoTree) throws {
        self.tree = tree
        folder = FilePath(NSTemporaryDirectory()).appending("bypassio-undo-\(UUID().uuidString)")
        do throws(Errno) {
            try SystemCall.makeDirectory(folder, mode: 0o700)
        } catch {
            throw CommandError(.cannotCreate, "\(folder) cannot be made: \(error).")
        }
    }

    func end() { try? FileManager.default.removeItem(atPath: folder.string) }

    func show(_ change: UndoChange) {
        StandardOutput.print(change.text.onOneLine)
        guard let number = change.number else {
            if let place = change.place { showNew(place) }
            return
        }
        guard let node = tree.knowledge.nodes[number] else { return }
        if let target = node.target {
            let now = change.place.flatMap { self.target($0) }
            guard now != target else { return }
            return StandardOutput.print(
                "  a link to \(String(decoding: target, as: UTF8.self))".onOneLine)
        }
        guard node.kind == .regularFile else { return }
        let file = UndoneFile(tree, node)
        guard
            change.kind == .removed || file.hasOldData
                || change.details.contains(where: {
                    $0.hasSuffix("bytes")
                })
        else { return }
        let old = folder.appending("old")
        guard (try? file.writeOldData(to: old)) == true else {
            return StandardOutput.print("  its old data is not kept")
        }
        let new = change.kind == .removed ? nil : change.place.flatMap { copy($0) }
        compare(old, new, change.oldPath ?? change.path, change.path)
    }

    private func showNew(_ place: UndoPath) {
        guard let found = tree.status(of: place), tree.number(of: found) == nil else { return }
        if found.isDirectory {
            let anchor = UndoTree.Anchor(directory: UndoTree.root, names: place)
            let names = (try? tree.names(in: anchor)) ?? []
            for name in names.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
                showNew(place + [name])
            }
            return
        }
        guard found.isRegularFile else { return }
        compare(nil, copy(place), nil, place.text)
    }

    private func target(_ place: UndoPath) -> [UInt8]? {
        guard let name = place.last, let above = try? tree.open(place.dropLast()) else {
            return nil
        }
        return try? SystemCall.readLink(FilePath(bytes: name), at: above.descriptor)
    }

    /// The present file, as a path that diff(1) can open whatever its name; nil: it is gone.
    private func copy(_ place: UndoPath) -> FilePath? {
        guard let name = place.last, let above = try? tree.open(place.dropLast()),
            let source = try? SystemCall.open(
                FilePath(bytes: name), at: above.descriptor, [.readOnly, .noFollow, .nonBlocking]),
            let bytes = try? UndoFiles.contents(of: source.descriptor)
        else { return nil }
        let path = folder.appending("new")
        do throws(Errno) {
            let file = try SystemCall.open(path, [.writeOnly, .create, .truncate], mode: 0o600)
            try SystemCall.writeAll(bytes, to: file.descriptor, at: 0)
        } catch {
            return nil
        }
        return path
    }

    private func compare(
        _ old: FilePath?, _ new: FilePath?, _ oldName: String?, _ newName: String
    ) {
        let none = FilePath("/dev/null")
        let (first, second) = (old ?? none, new ?? none)
        guard isText(first), isText(second) else {
            return StandardOutput.print("  no text: \(size(first)) → \(size(second)) bytes")
        }
        let labels = [
            old == nil ? none.string : "a/\(oldName ?? newName)",
            new == nil ? none.string : "b/\(newName)",
        ]
        // Ends with 1 where they differ.
        guard
            let diff = try? ChildProcess(
                [
                    "diff", "-u", "--label", labels[0].onOneLine, "--label", labels[1].onOneLine,
                    first.string, second.string,
                ], output: .pipe), let output = diff.output
        else { return StandardOutput.print("  \(size(first)) → \(size(second)) bytes") }
        let text = output.readDataToEndOfFile()
        diff.waitForEnd()
        StandardOutput.write(String(decoding: text, as: UTF8.self), to: .standardOutput)
    }

    private func size(_ path: FilePath) -> UInt64 {
        (try? SystemCall.status(of: path, followingLinks: true).size) ?? 0
    }

    private func isText(_ path: FilePath) -> Bool {
        guard let file = try? SystemCall.open(path, [.readOnly]) else { return false }
        var bytes = [UInt8](repeating: 1, count: Self.looked)
        guard let count = try? SystemCall.read(file.descriptor, into: &bytes, at: 0) else {
            return false
        }
        return !bytes.prefix(count).contains(0)
    }
}
