import LinuxKit

/// Users and groups as the programs on the mount are known to whoever started the service.
///
/// A user's guard serves as root of a user namespace that has this user alone (user_namespaces(7)),
/// so requests come from user 0 there. Every other service has the numbers of its programs.
enum CommandIdentity {
    static let user = mapping("uid_map")
    static let group = mapping("gid_map")

    private static func mapping(_ name: String) -> @Sendable (UInt32) -> UInt32 {
        let parts = IdentityRange.all(in: name)
        guard parts.count == 1, let only = parts.first, only.count == 1 else { return { $0 } }
        return { $0 == only.inside ? only.outside : $0 }
    }
}

/// A line of /proc/self/uid_map or gid_map.
struct IdentityRange {
    let inside: UInt32
    let outside: UInt32
    let count: UInt32

    /// - Parameter name: of the file.
    static func all(in name: String) -> [IdentityRange] {
        let lines = (KernelFile.text("/proc/self/\(name)") ?? "").split(separator: "\n")
        return lines.compactMap { line in
            let numbers = line.split(separator: " ").compactMap { UInt32($0) }
            guard numbers.count == 3 else { return nil }
            return IdentityRange(inside: numbers[0], outside: numbers[1], count: numbers[2])
        }
    }
}
