import Foundation
import Glibc
import SystemPackage
import Terminal

/// Another file system: one that is mounted for the bench, or a given directory.
final class PeerRoute: PathRoute {
    private let place: FilePath
    private let mount: ServedMount?
    private let preparation: [[String]]
    private let backingRoot: FilePath
    private let parts: Set<BenchTree.Part>
    /// Made by this route below `place`, and removed at the end.
    private var ownFolder: FilePath?
    private var isPrepared = false

    /// `preparation` are commands that run once before the mount. `parts` are the files to make if
    /// the place does not show the backing files.
    init(
        name: String, place: FilePath, mount: ServedMount?, preparation: [[String]] = [],
        backing: BenchTree, parts: Set<BenchTree.Part>, recorder: Recorder
    ) {
        self.place = place
        self.mount = mount
        self.preparation = preparation
        self.parts = parts
        backingRoot = backing.root
        super.init(
            RouteDescription(name, .peer), tree: BenchTree(root: place, sizes: backing.sizes),
            backing: backing, recorder: recorder)
    }

    override var service: Int32? { mount?.processID }

    override func open() throws {
        if let mount, mount.processID == nil {
            guard mount.isInstalled else {
                throw BenchError(.route, "\(description.name) is not installed.")
            }
            if !isPrepared {
                for command in preparation where ChildProcess.output(of: command) == nil {
                    throw BenchError(.route, "failed: \(command.joined(separator: " "))")
                }
            }
            try mount.start()
        }
        guard !isPrepared else { return }
        isPrepared = true
        try findFiles()
    }

    /// The backing files as seen here, otherwise the route's own.
    private func findFiles() throws {
        for root in [
            place, place.appending(backingRoot.components.suffix(2)),
            place.appending(backingRoot.components.suffix(1)),
        ]
        where showsBacking(root) {
            tree = BenchTree(root: root, sizes: tree.sizes)
            return
        }
        let folder = place.appending("bypassio-bench-\(getpid())")
        let result = unsafe folder.withPlatformString { unsafe mkdir($0, 0o755) }
        guard result == 0 else {
            throw BenchError(.route, "\(folder) cannot be made: \(Errno(rawValue: errno))")
        }
        ownFolder = folder
        tree = BenchTree(root: folder, sizes: tree.sizes)
        do {
            try tree.prepare(parts)
        } catch let error as BenchError where error.kind == .folder {
            throw BenchError(.route, error.description)
        }
    }

    private func showsBacking(_ root: FilePath) -> Bool {
        unsafe access(root.appending(BenchFolder.marker).string, F_OK) == 0
    }

    override func close() {
        if let ownFolder, mount == nil {
            try? FileManager.default.removeItem(atPath: ownFolder.string)
        }
        ownFolder = nil
        mount?.stop()
    }

    override func rest() { mount?.stop() }
}
