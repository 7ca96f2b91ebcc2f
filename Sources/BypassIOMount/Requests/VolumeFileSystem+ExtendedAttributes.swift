internal import BypassIOProtocol
internal import FUSE
internal import IOStack
internal import LinuxKit
internal import Synchronization
internal import SystemPackage

/// GETXATTR, LISTXATTR, SETXATTR, REMOVEXATTR; POSIX ACLs are such attributes.
extension VolumeFileSystem {
    func getExtendedAttribute(
        _ request: borrowing ExtendedAttributeRequest, _ reply: consuming ExtendedAttributeReply
    ) {
        let name = [UInt8](copying: request.name)
        let context = request.context
        if context.node == .root, name.elementsEqual(VolumeReport.attribute.utf8) {
            return reply.succeed(ReportText.json(VolumeReport(self)).span)
        }
        if context.node == .root, name.elementsEqual(ServiceReport.placeAttribute.utf8) {
            guard let place = controlPlace.withLock({ $0 }) else { return reply.fail(.noData) }
            return reply.succeed(place.span)
        }
        do throws(IOFailure) {
            let requestor = requestor(context)
            let node = try nodes.node(context.node)
            if name.elementsEqual(StreamReport.attribute.utf8) {
                let report = StreamReport(volume.openStream(of: node.id), handles)
                return reply.succeed(ReportText.json(report).span)
            }
            if name.elementsEqual(StackReport.attribute.utf8) {
                return reply.succeed(ReportText.json(try stackReport(of: node, requestor)).span)
            }
            let value = try withFile(of: node, requestor) { file throws(IOFailure) in
                try file.attribute(name, requestor: requestor)
            }
            reply.succeed(value.span)
        } catch {
            reply.fail(error)
        }
    }

    /// Uses a file object of its own, which reads nothing. The kernel gives such an attribute only
    /// to a program that may read the file.
    private func stackReport(
        of node: Node, _ requestor: Requestor
    ) throws(IOFailure) -> StackReport {
        guard !node.isDirectory else {
            return try withFile(of: node, requestor) { file throws(IOFailure) in
                try StackReport(of: file, requestor)
            }
        }
        let file = try openFile(of: node, requestor) { $0.options.insert(.noAccessTime) }
        defer { file.close() }
        return try StackReport(of: file, requestor)
    }

    func listExtendedAttributes(
        _ context: RequestContext, _ reply: consuming ExtendedAttributeReply
    ) {
        do throws(IOFailure) {
            let requestor = requestor(context)
            let node = try nodes.node(context.node)
            let names = try withFile(of: node, requestor) { file throws(IOFailure) in
                try file.attributeNames(requestor: requestor)
            }
            var bytes: [UInt8] = []
            // Lists trusted attributes only for root, which may read them.
            for name in names
            where context.userID == 0 || !name.starts(with: "trusted.".utf8) {
                bytes += name
                bytes.append(0)
            }
            reply.succeed(bytes.span)
        } catch {
            reply.fail(error)
        }
    }

    func setExtendedAttribute(
        _ request: borrowing SetExtendedAttributeRequest, _ reply: consuming EmptyReply
    ) {
        let (name, value) = ([UInt8](copying: request.name), [UInt8](copying: request.value))
        let (mustExist, mustNotExist) = (request.mustExist, request.mustNotExist)
        let killsGroupPrivilege = request.killsGroupPrivilege
        let context = request.context
        if context.node == .root, name == MountedVolume.accessTimesAttribute {
            let stay = value == [UInt8(ascii: "0")]
            accessTimesStay.store(stay, ordering: .relaxed)
            recovery?.set(.leavesAccessTime, to: stay ? 1 : 0)
            return reply.succeed()
        }
        do throws(IOFailure) {
            let requestor = requestor(context)
            let node = try nodes.node(context.node)
            var once = Once()
            let begun = mustNotExist ? begun.take(context) : nil
            try withFile(of: node, requestor) { file throws(IOFailure) in
                once.begin()
                try once { () throws(IOFailure) in
                    if isSet(name, to: value, of: file, begun, requestor) { return }
                    try file.setAttribute(
                        name, to: value, mustExist: mustExist, mustNotExist: mustNotExist,
                        requestor: requestor)
                }
                guard killsGroupPrivilege else { return }
                let permissions = try file.status(requestor: requestor).permissions
                guard permissions & 0o2000 != 0 else { return }
                try file.apply(.permissions(permissions & ~0o2000), requestor: requestor)
            }
            reply.succeed()
        } catch {
            notices.forgetAttributes(of: context.node)
            reply.fail(error)
        }
    }

    private static let capability = Array("security.capability".utf8)

    func removeExtendedAttribute(
        _ request: borrowing NameRequest, _ reply: consuming EmptyReply
    ) {
        let name = [UInt8](copying: request.name)
        let context = request.context
        do throws(IOFailure) {
            let requestor = requestor(context)
            let node = try nodes.node(context.node)
            try withFile(of: node, requestor) { file throws(IOFailure) in
                if isUnset(name, of: file, context, requestor) { return }
                try file.removeAttribute(name, requestor: requestor)
            }
            if name == Self.capability {
                nodes.capabilityRemoved(from: node, by: context.processID)
            }
            reply.succeed()
        } catch {
            notices.forgetAttributes(of: context.node)
            reply.fail(error)
        }
    }
}
