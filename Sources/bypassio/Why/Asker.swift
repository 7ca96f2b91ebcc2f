import Glibc
import LinuxKit
import SystemPackage

/// The process or user on whose behalf a question is asked.
struct Asker {
    /// nil for a user.
    let processID: Int32?
    private let userID: uid_t
    private let groupID: gid_t
    private let groups: [gid_t]

    /// Throws a ``CommandError`` for what is neither.
    init(_ named: String) throws {
        if let number = Int32(named), number > 0 {
            try self.init(process: number)
        } else {
            try self.init(user: named)
        }
    }

    private init(process: Int32) throws {
        let lines: [Substring]
        do throws(Errno) {
            lines = String(
                decoding: try KernelFile.bytes(of: FilePath("/proc/\(process)/status")),
                as: UTF8.self
            ).split(separator: "\n")
        } catch {
            throw CommandError(.noInput, "There is no process \(process): name one that runs.")
        }
        /// The numbers behind a word, such as `Uid:` with real, effective, saved and file-system
        /// ID.
        func numbers(_ word: String) -> [UInt32] {
            lines.first { $0.hasPrefix(word) }?.dropFirst(word.count)
                .split { $0 == "\t" || $0 == " " }.compactMap { UInt32($0) } ?? []
        }
        let (users, groups) = (numbers("Uid:"), numbers("Gid:"))
        guard users.count == 4, groups.count == 4 else {
            throw CommandError(.noInput, "The process \(process) has ended: name one that runs.")
        }
        // It is the file-system IDs that rights to files are judged by.
        (processID, userID, groupID) = (process, users[3], groups[3])
        self.groups = numbers("Groups:")
    }

    private init(user name: String) throws {
        var entry = unsafe passwd()
        var found: UnsafeMutablePointer<passwd>? = nil
        var buffer = [CChar](repeating: 0, count: 65_536)
        let code = unsafe getpwnam_r(name, &entry, &buffer, buffer.count, &found)
        guard code == 0, unsafe found != nil else {
            throw CommandError(
                .noInput, "There is no process and no user \(name): name one of this machine.")
        }
        processID = nil
        unsafe (userID, groupID) = (entry.pw_uid, entry.pw_gid)
        var count: Int32 = 1024
        var list = [gid_t](repeating: 0, count: Int(count))
        guard unsafe getgrouplist(name, entry.pw_gid, &list, &count) >= 0 else {
            throw CommandError(.noInput, "The user \(name) is in more than 1024 groups.")
        }
        groups = Array(list.prefix(Int(count)))
    }

    /// From now on this process has the rights of that user, and no others.
    func becomeIt() throws {
        let own = geteuid()
        guard own == 0 || own == userID else {
            throw CommandError(.notPermitted, "Only root may ask as another user: run it as root.")
        }
        guard own == 0 else { return }
        // Of root, setgid and setuid change the saved IDs, too.
        guard unsafe setgroups(groups.count, groups) == 0,
            setgid(groupID) == 0,
            setuid(userID) == 0
        else {
            let error = Errno(rawValue: errno)
            throw CommandError(
                .notPermitted, "The rights of user \(userID) cannot be had: \(error).")
        }
    }
}
