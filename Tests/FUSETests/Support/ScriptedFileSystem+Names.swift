import FUSE
import SystemPackage

extension ScriptedFileSystem {
    func setAttributes(_ request: SetAttributesRequest, _ reply: consuming AttributesReply) {
        log(
            "setattr \(who(request.context)) handle \(optional(request.handle))"
                + " mode \(optional(request.mode)) owner \(optional(request.userID))"
                + " group \(optional(request.groupID)) size \(optional(request.size))"
                + " atime \(time(request.accessTime)) mtime \(time(request.modificationTime))"
                + " kill \(request.killsPrivileges)")
        answer(reply)
    }

    private func time(_ change: SetAttributesRequest.TimeChange?) -> String {
        switch change {
        case nil: "-"
        case .now: "now"
        case .to(let time): "\(time.seconds).\(time.nanoseconds)"
        }
    }

    func makeNode(_ request: borrowing MakeRequest, _ reply: consuming EntryReply) {
        log(
            "mknod \(who(request.context)) \(text(request.name)) mode \(request.mode)"
                + " umask \(request.umask) device \(request.device.major):\(request.device.minor)")
        answer(reply)
    }

    func makeDirectory(_ request: borrowing MakeRequest, _ reply: consuming EntryReply) {
        log(
            "mkdir \(who(request.context)) \(text(request.name)) mode \(request.mode)"
                + " umask \(request.umask)")
        answer(reply)
    }

    func symbolicLink(
        _ request: borrowing SymbolicLinkRequest, _ reply: consuming EntryReply
    ) {
        log("symlink \(who(request.context)) \(text(request.name)) to \(text(request.target))")
        answer(reply)
    }

    func link(_ request: borrowing LinkRequest, _ reply: consuming EntryReply) {
        log("link \(who(request.context)) \(text(request.name)) to \(request.existingNode)")
        answer(reply)
    }

    func unlink(_ request: borrowing NameRequest, _ reply: consuming EmptyReply) {
        log("unlink \(who(request.context)) \(text(request.name))")
        answer(reply)
    }

    func removeDirectory(_ request: borrowing NameRequest, _ reply: consuming EmptyReply) {
        log("rmdir \(who(request.context)) \(text(request.name))")
        answer(reply)
    }

    func rename(_ request: borrowing RenameRequest, _ reply: consuming EmptyReply) {
        log(
            "rename \(who(request.context)) \(text(request.name)) to \(request.newDirectory)"
                + " \(text(request.newName)) flags \(request.flags)")
        answer(reply)
    }

    // MARK: Extended attributes

    func getExtendedAttribute(
        _ request: borrowing ExtendedAttributeRequest, _ reply: consuming ExtendedAttributeReply
    ) {
        log("getxattr \(who(request.context)) \(text(request.name))")
        answer(reply)
    }

    func listExtendedAttributes(
        _ context: RequestContext, _ reply: consuming ExtendedAttributeReply
    ) {
        log("listxattr \(who(context))")
        answer(reply)
    }

    func setExtendedAttribute(
        _ request: borrowing SetExtendedAttributeRequest, _ reply: consuming EmptyReply
    ) {
        log(
            "setxattr \(who(request.context)) \(text(request.name)) \(text(request.value))"
                + " create \(request.mustNotExist) replace \(request.mustExist)"
                + " kill \(request.killsGroupPrivilege)")
        answer(reply)
    }

    func removeExtendedAttribute(
        _ request: borrowing NameRequest, _ reply: consuming EmptyReply
    ) {
        log("removexattr \(who(request.context)) \(text(request.name))")
        answer(reply)
    }

    private func answer(_ reply: consuming ExtendedAttributeReply) {
        switch behaviour {
        case .succeed:
            let value = Array("sixteen bytes...".utf8)
            reply.succeed(value.span)
        case .fail(let error): reply.fail(error)
        case .drop: break
        }
    }
}
