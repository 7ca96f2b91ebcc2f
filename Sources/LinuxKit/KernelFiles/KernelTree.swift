package import SystemPackage

/// Reads the small files, links and folders in which the kernel shows its objects (sysfs, procfs).
package enum KernelTree {
    /// The text of an attribute file without blanks and line feeds around it; nil if there is none,
    /// or if the driver refuses the read.
    package static func text(_ path: FilePath) -> String? {
        guard let bytes = try? KernelFile.bytes(of: path) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        let trimmed = text.drop { $0.isWhitespace }
        guard let last = trimmed.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(trimmed[...last])
    }

    package static func number(_ path: FilePath) -> Int? {
        text(path).flatMap { Int($0) }
    }

    /// An attribute that is "1" or "0".
    package static func flag(_ path: FilePath) -> Bool? {
        number(path).map { $0 != 0 }
    }

    package static func exists(_ path: FilePath) -> Bool {
        (try? SystemCall.status(of: path, followingLinks: true)) != nil
    }

    /// The last component of a link's target. A device's "driver" link names its driver so.
    package static func linkName(_ path: FilePath) -> String? {
        guard let target = try? SystemCall.readLink(path) else { return nil }
        return FilePath(bytes: target).lastComponent?.string
    }

    /// The target of a path with every link followed; nil if it leads nowhere.
    package static func resolved(_ path: FilePath) -> FilePath? {
        guard let place = try? SystemCall.open(path, .pathOnly),
            let target = try? SystemCall.readLink(SystemCall.magicLink(of: place.descriptor))
        else { return nil }
        return FilePath(bytes: target)
    }

    /// Names in a folder, in natural order: "sda2" before "sda10". Empty if there is no folder.
    package static func entries(of path: FilePath) -> [String] {
        guard let directory = try? SystemCall.open(path, [.readOnly, .directory]) else {
            return []
        }
        let names = (try? SystemCall.names(in: directory.descriptor)) ?? []
        return names.map { String(decoding: $0, as: UTF8.self) }
            .sorted { ($0.utf8.count, $0) < ($1.utf8.count, $1) }
    }
}
