import CPosixCalls

/// setxattr(2)'s flags.
enum AttributeFlags: Int32, CustomStringConvertible, Sendable {
    case any, create, replace

    var description: String { ["", " create", " replace"][Int(rawValue)] }
}

/// Extended attributes.
extension ConformanceDirectory {
    @discardableResult
    func setxattr(
        _ name: FileName, _ attribute: FileName, _ value: [UInt8], _ flags: AttributeFlags = .any,
        noFollow: Bool = false
    ) -> Answer {
        let call = unsafe noFollow ? call_lsetxattr : call_setxattr
        return note(
            "\(noFollow ? "l" : "")setxattr \(name) \(attribute) \(value.count) bytes\(flags)",
            answer: unsafe call(name.bytes, attribute.bytes, value, value.count, flags.rawValue))
    }

    @discardableResult
    func setxattr(
        _ name: FileName, _ attribute: FileName, _ value: String, _ flags: AttributeFlags = .any,
        noFollow: Bool = false
    ) -> Answer {
        setxattr(name, attribute, Array(value.utf8), flags, noFollow: noFollow)
    }

    /// A capacity of 0 asks for the size.
    func getxattr(
        _ name: FileName, _ attribute: FileName, capacity: Int = 65536, noFollow: Bool = false
    ) {
        var value = [UInt8](repeating: 0, count: max(capacity, 1))
        let call = unsafe noFollow ? call_lgetxattr : call_getxattr
        let answer = Answer(unsafe call(name.bytes, attribute.bytes, &value, capacity))
        let text =
            answer.isError || capacity == 0
            ? "\(answer)" : ByteSummary.text(value.prefix(answer.count))
        note("\(noFollow ? "l" : "")getxattr \(name) \(attribute) into \(capacity)", text)
    }

    /// The names, sorted.
    func listxattr(_ name: FileName, capacity: Int = 65536, noFollow: Bool = false) {
        var list = [UInt8](repeating: 0, count: max(capacity, 1))
        let call = unsafe noFollow ? call_llistxattr : call_listxattr
        let answer = Answer(unsafe call(name.bytes, &list, capacity))
        var text = "\(answer)"
        if !answer.isError, capacity > 0 {
            let names = list.prefix(answer.count).split(separator: 0).map {
                String(decoding: $0, as: UTF8.self)
            }
            text = names.isEmpty ? "none" : names.sorted().joined(separator: ", ")
        }
        note("\(noFollow ? "l" : "")listxattr \(name) into \(capacity)", text)
    }

    @discardableResult
    func removexattr(_ name: FileName, _ attribute: FileName, noFollow: Bool = false) -> Answer {
        let call = unsafe noFollow ? call_lremovexattr : call_removexattr
        return note(
            "\(noFollow ? "l" : "")removexattr \(name) \(attribute)",
            answer: unsafe call(name.bytes, attribute.bytes))
    }

    func setACL(_ name: FileName, _ entries: [AccessControlEntry], isDefault: Bool = false) {
        setxattr(name, AccessControlEntry.attribute(isDefault: isDefault), bytes(of: entries))
    }

    func getACL(_ name: FileName, isDefault: Bool = false) {
        var value = [UInt8](repeating: 0, count: 4096)
        let attribute = AccessControlEntry.attribute(isDefault: isDefault)
        let answer = Answer(unsafe call_getxattr(name.bytes, attribute.bytes, &value, value.count))
        let text =
            answer.isError
            ? "\(answer)" : AccessControlEntry.text(Array(value.prefix(answer.count)))
        note("\(isDefault ? "default " : "")ACL of \(name)", text)
    }

    private func bytes(of entries: [AccessControlEntry]) -> [UInt8] {
        entries.reduce([2, 0, 0, 0]) { $0 + $1.bytes }
    }
}

/// An entry of a POSIX ACL as the attribute system.posix_acl_access holds it: tag, permissions and
/// identifier, after a version of 32 bits, all little-endian.
struct AccessControlEntry: Sendable {
    let tag: UInt16
    let permissions: UInt16
    let identifier: UInt32

    static func owner(_ permissions: UInt16) -> Self { .init(0x01, permissions) }
    static func user(_ user: UInt32, _ permissions: UInt16) -> Self {
        .init(0x02, permissions, user)
    }
    static func owningGroup(_ permissions: UInt16) -> Self { .init(0x04, permissions) }
    static func group(_ group: UInt32, _ permissions: UInt16) -> Self {
        .init(0x08, permissions, group)
    }
    static func mask(_ permissions: UInt16) -> Self { .init(0x10, permissions) }
    static func other(_ permissions: UInt16) -> Self { .init(0x20, permissions) }

    private init(_ tag: UInt16, _ permissions: UInt16, _ identifier: UInt32 = .max) {
        self.tag = tag
        self.permissions = permissions
        self.identifier = identifier
    }

    var bytes: [UInt8] {
        [UInt8(tag & 0xFF), UInt8(tag >> 8), UInt8(permissions & 0xFF), UInt8(permissions >> 8)]
            + (0..<4).map { UInt8(truncatingIfNeeded: identifier >> ($0 * 8)) }
    }

    static func attribute(isDefault: Bool) -> FileName {
        isDefault ? "system.posix_acl_default" : "system.posix_acl_access"
    }

    /// "owner 7, user 1001 5, …"
    static func text(_ value: [UInt8]) -> String {
        let names: [UInt8: String] = [
            0x01: "owner", 0x02: "user", 0x04: "owning group", 0x08: "group", 0x10: "mask",
            0x20: "other",
        ]
        let entries = stride(from: 4, to: value.count - 7, by: 8).map { place -> String in
            let name = names[value[place]] ?? "tag \(value[place])"
            let identifier = value[place + 4..<place + 8].reversed().reduce(UInt32(0)) {
                $0 << 8 | UInt32($1)
            }
            let who = identifier == .max ? "" : " \(identifier)"
            return "\(name)\(who) \(value[place + 2])"
        }
        return entries.joined(separator: ", ")
    }
}
