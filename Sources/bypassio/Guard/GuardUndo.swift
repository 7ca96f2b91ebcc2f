import Foundation
import LinuxKit
import SystemPackage

/// What a guard keeps of files before they are changed, and where: a session for each directory.
struct GuardUndo {
    /// Without links.
    let store: FilePath
    private let space: String?
    private let name: String

    /// Makes the store. Throws a ``CommandError`` where it cannot be had, or COMMAND could change
    /// it.
    ///
    /// - Parameter store: nil for the user's own.
    init(store: FilePath?, _ space: String?, _ places: [GuardedDirectory]) throws {
        if let space { _ = try UndoSize.bytes("--undo-space", space) }
        guard let folder = store ?? UndoPlace.ownStore else {
            throw CommandError(.usage, "This user has no place for --undo: name --undo-store.")
        }
        let path = UndoPlace.resolved(folder)
        if let place = places.first(where: { path.starts(with: $0.path) }) {
            throw CommandError(
                .usage,
                "\(path) lies in \(place.path), where COMMAND could change it: name another with "
                    + "--undo-store.")
        }
        do throws(Errno) {
            try UndoPlace.makeFolders(path)
            self.store = try SystemCall.realPath(path)
        } catch {
            throw CommandError(.cannotCreate, "\(folder) cannot be had: \(error).")
        }
        self.space = space
        name = UndoPlace(newIn: path).name
    }

    /// Of the directory of that number.
    func session(_ number: Int) -> String { number == 0 ? name : "\(name)-\(number + 1)" }

    func filter(_ session: String) -> String {
        "undo,store=\(store.string),session=\(session)" + (space.map { ",space=\($0)" } ?? "")
    }

    /// How to look at what changed, and to take it back; none where nothing did.
    static func ways(of place: UndoPlace) -> [String] {
        guard FileManager.default.fileExists(atPath: place.path.string) else { return [] }
        let isOwn = UndoPlace.ownStore.flatMap { try? SystemCall.realPath($0) } == place.store
        let options = "--session \(place.name)" + (isOwn ? "" : " --store \(place.store.string)")
        return [
            "  what is other: bypassio undo diff \(options)",
            "  take it back: bypassio undo revert --all \(options)",
        ]
    }
}
