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
    /// Of larger files nothing but the size is told, since diff(1) has both in memory. In bytes.
    private static let longest: UInt64 = 256 << 20

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
            guard now != target || change.kind == .replaced else { return }
            return StandardOutput.print(
                "  a link to \(String(decoding: target, as: UTF8.self))".onOneLine)
        }
        guard node.kind == .regularFile else { return }
        let file = UndoneFile(tree, node)
        guard
            change.kind == .removed || change.kind == .replaced || file.hasOldData
                || change.details.contains(where: {
                    $0.hasSuffix("bytes")
                })
        else { return }
        let size = change.place.flatMap { tree.status(of: $0) }?.size ?? 0
        guard max(size, node.size) <= Self.longest else {
            return StandardOutput.print("  long: \(node.size) → \(size) bytes")
        }
        let old = folder.appending("old")
        do throws(Errno) {
            guard try file.writeOldData(to: old) else {
                return StandardOutput.print("  its old data is not kept")
            }
            let place = change.kind == .removed ? nil : change.place
            var new: FilePath?
            if let place { new = try copy(place) }
            compare(old, new, change.oldPath ?? change.path, change.path)
        } catch {
            StandardOutput.print("  cannot be read now: \(error)")
        }
    }

    /// With all below.
    private func showNew(_ place: UndoPath) {
        var left = [place]
        while let place = left.popLast() {
            guard let found = tree.status(of: place), tree.number(of: found) == nil else {
                continue
            }
            do throws(Errno) {
                if found.isDirectory {
                    let anchor = UndoTree.Anchor(directory: UndoTree.root, names: place)
                    let names = try tree.names(in: anchor)
                    // The first by name is the next.
                    for name in names.sorted(by: { $1.lexicographicallyPrecedes($0) }) {
                        left.append(place + [name])
                    }
                } else if found.isRegularFile, found.size > Self.longest {
                    StandardOutput.print("  \(place.text): \(found.size) bytes".onOneLine)
                } else if found.isRegularFile {
                    compare(nil, try copy(place), nil, place.text)
                }
            } catch {
                StandardOutput.print("  \(place.text) cannot be read now: \(error)".onOneLine)
            }
        }
    }

    private func target(_ place: UndoPath) -> [UInt8]? {
        guard let name = place.last, let above = try? tree.open(place.dropLast()) else {
            return nil
        }
        return try? SystemCall.readLink(FilePath(bytes: name), at: above.descriptor)
    }

    /// The present file, as a path that diff(1) can open whatever its name.
    private func copy(_ place: UndoPath) throws(Errno) -> FilePath {
        guard let name = place.last else { throw .isDirectory }
        let above = try tree.open(place.dropLast())
        guard
            let source = try UndoFiles.open(
                FilePath(bytes: name), at: above.descriptor, .readOnly)
        else { throw .staleNFSFileHandle }
        let bytes = try UndoFiles.contents(of: source.descriptor, atMost: Self.longest)
        let path = folder.appending("new")
        let file = try SystemCall.open(path, [.writeOnly, .create, .truncate], mode: 0o600)
        try SystemCall.writeAll(bytes, to: file.descriptor, at: 0)
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
