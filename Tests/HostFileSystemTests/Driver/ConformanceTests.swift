import IOStack
import LinuxKit
import SystemPackage
import TestSupport
import Testing

@testable import HostFileSystem

/// Runs the same operation on the bare directory and through the stack, for every combination of
/// existing files. Both must end with the same errno and leave the same directory.
@Suite("The stack behaves as the directory below it")
struct ConformanceTests {
    /// The kinds of node behind a name.
    enum Thing: String, CaseIterable {
        case missing, file, emptyFolder, fullFolder, linkToFile, linkToFolder, linkToNothing, pipe

        func make(_ name: String, in folder: FilePath) throws {
            let path = folder.appending(name)
            switch self {
            case .missing: break
            case .file:
                let file = try SystemCall.open(path, [.writeOnly, .create], mode: 0o600)
                try SystemCall.writeAll([1, 2, 3], to: file.descriptor, at: 0)
            case .emptyFolder: try SystemCall.makeDirectory(path, mode: 0o700)
            case .fullFolder:
                try SystemCall.makeDirectory(path, mode: 0o700)
                try Thing.file.make("x", in: path)
            case .linkToFile: try link(path, "target-file")
            case .linkToFolder: try link(path, "target-folder")
            case .linkToNothing: try link(path, "target-nothing-\(name)")
            case .pipe: try SystemCall.makeNode(path, mode: 0o010600)
            }
        }

        private func link(_ path: FilePath, _ target: String) throws {
            try SystemCall.makeSymbolicLink(to: Array(target.utf8), named: path)
        }
    }

    /// A folder's names with type and size: the operations below change nothing else.
    static func picture(of folder: FilePath) throws -> [String] {
        let place = OpenFile(try SystemCall.open(folder, [.readOnly, .directory]))
        return try withExtendedLifetime(place) {
            try SystemCall.names(in: place.descriptor).map { name in
                let status = try SystemCall.status(
                    of: FilePath(bytes: name), at: place.descriptor, followingLinks: false)
                let kind = FileTraits.Kind(mode: status.mode)
                let size = kind == .regular ? status.size : 0
                return "\(String(decoding: name, as: UTF8.self)) \(kind) \(size)"
            }.sorted()
        }
    }

    static func outcome(_ body: () throws(Errno) -> Void) -> Errno? {
        do throws(Errno) {
            try body()
            return nil
        } catch {
            return error
        }
    }

    /// Runs both sides in fresh folders of the same content and compares them.
    private func compare(
        _ label: String, _ things: [(String, Thing)],
        bare: (OpenFile) -> Errno?, stack: (HostFixture, FileObject) -> Errno?
    ) throws {
        let host = try HostFixture()
        let folder = try TemporaryFolder()
        for place in [host.root, folder.path] {
            try Thing.file.make("target-file", in: place)
            try Thing.emptyFolder.make("target-folder", in: place)
            for (name, thing) in things { try thing.make(name, in: place) }
        }
        let directory = OpenFile(try SystemCall.open(folder.path, [.readOnly, .directory]))
        let root = try host.open("")
        defer { root.close() }
        let expected = withExtendedLifetime(directory) { bare(directory) }
        #expect(stack(host, root) == expected, "\(label)")
        #expect(try Self.picture(of: host.root) == Self.picture(of: folder.path), "\(label)")
    }

    @Test("open(2): every disposition and access on everything a name can be")
    func open() throws {
        let dispositions: [(CreateParameters.Disposition, OpenFlags)] = [
            (.open, []), (.create, [.create, .exclusive]), (.openIf, .create),
            (.overwrite, .truncate), (.overwriteIf, [.create, .truncate]),
        ]
        let accesses: [(CreateParameters.Access, OpenFlags)] = [
            (.read, .readOnly), (.write, .writeOnly), ([.read, .write], .readWrite),
        ]
        for thing in Thing.allCases {
            for (disposition, flags) in dispositions {
                for (access, mode) in accesses {
                    // Differs from open(2) on purpose: a pipe opens as a handle for attributes, and
                    // OPEN_IF may open an existing folder, as on Windows.
                    let isFolder = [.emptyFolder, .fullFolder, .linkToFolder].contains(thing)
                    if thing == .pipe, disposition != .create { continue }
                    if isFolder, disposition == .openIf { continue }
                    try compare(
                        "\(thing) \(disposition) \(access)", [("a", thing)],
                        bare: { directory in
                            Self.outcome { () throws(Errno) in
                                _ = try SystemCall.open(
                                    "a", at: directory.descriptor, flags.union(mode), mode: 0o600)
                            }
                        },
                        stack: { host, _ in
                            host.openErrno("a", access: access, disposition, mode: 0o600)
                        })
                }
            }
        }
    }

    @Test("renameat2(2): everything onto everything, in every mode")
    func rename() throws {
        for flags in [FileChange.RenameFlags(), .noReplace, .exchange] {
            for source in Thing.allCases {
                for target in Thing.allCases {
                    try compare(
                        "\(source) to \(target) \(flags.rawValue)",
                        [("a", source), ("b", target)],
                        bare: { directory in
                            Self.outcome { () throws(Errno) in
                                try SystemCall.rename(
                                    "a", at: directory.descriptor, to: "b",
                                    at: directory.descriptor,
                                    flags: SystemCall.RenameFlags(rawValue: flags.rawValue))
                            }
                        },
                        stack: { _, root in
                            errno { () throws(IOFailure) in
                                try root.apply(.rename(from: "a", to: "b", in: root, flags))
                            }
                        })
                }
            }
        }
    }

    @Test("unlinkat(2), mkdirat(2), symlinkat(2), mknodat(2) and linkat(2) on everything")
    func names() throws {
        for thing in Thing.allCases {
            for isDirectory in [false, true] {
                try compare(
                    "remove \(thing) \(isDirectory)", [("a", thing)],
                    bare: { directory in
                        Self.outcome { () throws(Errno) in
                            try SystemCall.unlink(
                                "a", at: directory.descriptor, isDirectory: isDirectory)
                        }
                    },
                    stack: { _, root in
                        errno { () throws(IOFailure) in
                            try root.apply(.unlink("a", directory: isDirectory))
                        }
                    })
            }
            try make(thing, "mkdir", .directory) { (directory) throws(Errno) in
                try SystemCall.makeDirectory("a", at: directory, mode: 0o700)
            }
            try make(thing, "symlink", .symbolicLink(target: Array("t".utf8))) {
                (directory) throws(Errno) in
                try SystemCall.makeSymbolicLink(to: Array("t".utf8), named: "a", at: directory)
            }
            try make(thing, "mknod", .special(device: 0)) { (directory) throws(Errno) in
                try SystemCall.makeNode("a", at: directory, mode: 0o010600)
            }
            try link(thing)
        }
    }

    private func make(
        _ thing: Thing, _ label: String, _ kind: CreateParameters.Kind,
        _ call: (FileDescriptor) throws(Errno) -> Void
    ) throws {
        try compare(
            "\(label) over \(thing)", [("a", thing)],
            bare: { directory in
                Self.outcome { () throws(Errno) in try call(directory.descriptor) }
            },
            stack: { host, _ in host.openErrno("a", .create, kind: kind, mode: 0o010600) })
    }

    private func link(_ thing: Thing) throws {
        try compare(
            "link target-file as \(thing)", [("a", thing)],
            bare: { directory in
                Self.outcome { () throws(Errno) in
                    try SystemCall.link(
                        "target-file", at: directory.descriptor, to: "a",
                        at: directory.descriptor)
                }
            },
            stack: { host, root in
                errno { () throws(IOFailure) in
                    let file = try host.open("target-file")
                    defer { file.close() }
                    try file.apply(.link("a", in: root))
                }
            })
    }
}
