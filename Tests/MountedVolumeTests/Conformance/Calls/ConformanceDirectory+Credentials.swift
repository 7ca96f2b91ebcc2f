import CPosixCalls

/// A user other than root.
struct User: Sendable {
    let name: String
    let user: UInt32
    let group: UInt32
    var groups: [UInt32] = []

    static let alice = User(name: "alice", user: 51001, group: 51001)
    static let bob = User(name: "bob", user: 51002, group: 51002)
    /// Bob, who is also in alice's group and in `team`.
    static let bobInGroups = User(
        name: "bob of the group", user: 51002, group: 51002, groups: [51001, User.team])
    static let aliceOfTeam = User(
        name: "alice of the team", user: 51001, group: 51001, groups: [User.team])
    /// A group that is no user's first.
    static let team: UInt32 = 52000
}

extension ConformanceDirectory {
    /// `user` makes the body's calls, without root's rights.
    func by(_ user: User, _ body: () -> Void) {
        let answer = Answer(
            unsafe call_set_credentials(user.user, user.group, user.groups, user.groups.count))
        guard !answer.isError else { return note("become \(user.name)", answer) }
        marked(user.name) { body() }
        let back = Answer(call_restore_credentials())
        if back.isError { note("become root again", back) }
    }

    /// The body's calls use this umask.
    func withUmask(_ mask: UInt32, _ body: () -> Void) {
        let before = UInt32(truncatingIfNeeded: call_umask(mask))
        marked("umask \(String(mask, radix: 8))") { body() }
        _ = call_umask(before)
    }
}
