import CPosixCalls
import Foundation

/// open(2)'s flags.
struct OpenFlags: OptionSet, CustomStringConvertible, Sendable {
    let rawValue: Int32

    static let readOnly: OpenFlags = []
    static let writeOnly = OpenFlags(rawValue: O_WRONLY)
    static let readWrite = OpenFlags(rawValue: O_RDWR)
    static let append = OpenFlags(rawValue: call_open_flags.append)
    static let create = OpenFlags(rawValue: call_open_flags.create)
    static let directory = OpenFlags(rawValue: call_open_flags.directory)
    static let direct = OpenFlags(rawValue: call_open_flags.direct)
    static let dataSync = OpenFlags(rawValue: call_open_flags.data_sync)
    static let exclusive = OpenFlags(rawValue: call_open_flags.exclusive)
    static let noAccessTime = OpenFlags(rawValue: call_open_flags.no_access_time)
    static let noFollow = OpenFlags(rawValue: call_open_flags.no_follow)
    static let path = OpenFlags(rawValue: call_open_flags.path)
    static let sync = OpenFlags(rawValue: call_open_flags.sync)
    static let temporary = OpenFlags(rawValue: call_open_flags.temporary)
    static let truncate = OpenFlags(rawValue: call_open_flags.truncate)
    static let nonblocking = OpenFlags(rawValue: call_open_flags.nonblocking)

    private static let names: [(OpenFlags, String)] = [
        (.append, "append"), (.create, "create"), (.temporary, "temporary"),
        (.directory, "directory"), (.direct, "direct"), (.sync, "sync"), (.dataSync, "data-sync"),
        (.exclusive, "exclusive"), (.noAccessTime, "no-atime"), (.noFollow, "no-follow"),
        (.path, "path"), (.truncate, "truncate"), (.nonblocking, "nonblocking"),
    ]

    var description: String {
        let access = ["read", "write", "read-write", "access 3"][Int(rawValue & 3)]
        var rest = self
        var words = [access]
        for (flag, name) in OpenFlags.names where rest.isSuperset(of: flag) {
            words.append(name)
            rest.subtract(flag)
        }
        return words.joined(separator: "|")
    }
}

/// renameat2(2)'s flags.
struct RenameFlags: OptionSet, CustomStringConvertible, Sendable {
    let rawValue: UInt32

    static let noReplace = RenameFlags(rawValue: 1)
    static let exchange = RenameFlags(rawValue: 2)
    static let whiteout = RenameFlags(rawValue: 4)

    var description: String { isEmpty ? "" : " flags \(rawValue)" }
}

/// fallocate(2)'s modes.
struct AllocationMode: OptionSet, CustomStringConvertible, Sendable {
    let rawValue: Int32

    static let keepSize = AllocationMode(rawValue: 0x01)
    static let punchHole = AllocationMode(rawValue: 0x02)
    static let collapseRange = AllocationMode(rawValue: 0x08)
    static let zeroRange = AllocationMode(rawValue: 0x10)
    static let insertRange = AllocationMode(rawValue: 0x20)

    var description: String { "mode \(rawValue)" }
}

/// lseek(2)'s origins.
enum Whence: Int32, Sendable {
    case set, current, end, data, hole
}
