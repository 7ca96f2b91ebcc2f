internal import FUSE
internal import IOStack
internal import SystemPackage

/// OPENDIR, READDIR, READDIRPLUS and RELEASEDIR.
extension VolumeFileSystem {
    func openDirectory(_ request: OpenRequest, _ reply: consuming OpenReply) {
        let requestor = requestor(request.context)
        do throws(IOFailure) {
            let node = try nodes.node(request.context.node)
            let file = try counted(requestor) { () throws(IOFailure) in
                try openFile(of: node, requestor) { parameters in
                    parameters.kind = .directory
                    parameters.access = .read
                    if leavesAccessTime { parameters.options.insert(.noAccessTime) }
                }
            }
            let number = handles.insert(
                OpenHandle(node: node, file: file, needsWriteBack: false, times: times),
                for: request.context.unique)
            let wasTaken = reply.succeed(
                handle: number,
                trust.listingFlags(
                    node, nodes, areNamesAlone: habits.wantsNames(request.context.processID)))
            if !wasTaken { close(number) }
        } catch {
            reply.fail(error)
        }
    }

    /// The number of entries to request: about as many as fit.
    private static func limit(_ size: Int, perEntry: Int) -> Int {
        min(max(size / perEntry, 1), 512)
    }

    func readDirectory(_ request: ReadRequest, _ reply: consuming DirectoryReply) {
        do throws(IOFailure) {
            let entries = try handles.handle(request.handle).file.entries(
                after: request.offset, limit: Self.limit(request.size, perEntry: 32),
                requestor: requestor(request.context))
            for entry in entries {
                let wasAppended = reply.append(
                    name: entry.name.span, inode: inode(of: entry.id), kind: entry.typeCode,
                    position: entry.cookie)
                if !wasAppended { break }
            }
            reply.succeed()
        } catch {
            reply.fail(error)
        }
    }

    func readDirectoryPlus(_ request: ReadRequest, _ reply: consuming DirectoryReply) {
        let mark = trust.mark()
        let process = request.context.processID
        do throws(IOFailure) {
            let handle = try handles.handle(request.handle)
            let content = habits.content(
                for: process, of: handle.node.number, fromStart: request.offset == 0)
            let entries = try entries(of: handle.file, request, content)
            var found: [NodeID] = []
            var isProbeDue = content == .attributes(withProbe: true)
            for entry in entries {
                guard reply.hasRoom(nameLength: entry.name.count) else { break }
                var answer: NodeEntry?
                if let information = entry.information {
                    if isProbeDue, information.kind != .directory {
                        isProbeDue = false
                        habits.left(entry.name, for: process)
                    } else {
                        let node = nodes.found(information, entry.name, in: handle.node)
                        found.append(node.number)
                        answer = self.entry(node, information, since: mark)
                    }
                }
                _ = reply.append(
                    name: entry.name.span, inode: inode(of: entry.id), kind: entry.typeCode,
                    position: entry.cookie, entry: answer)
            }
            let wasTaken = reply.succeed()
            if !wasTaken { for number in found { nodes.forget(number, count: 1) } }
        } catch {
            reply.fail(error)
        }
    }

    /// The entries with the attributes of all, or of directories.
    private func entries(
        of directory: FileObject, _ request: ReadRequest, _ content: ListingHabits.Content
    ) throws(IOFailure) -> [DirectoryEntry] {
        let requestor = requestor(request.context)
        var entries = try directory.entries(
            after: request.offset, limit: Self.limit(request.size, perEntry: 168),
            withInformation: content != .names, requestor: requestor)
        guard content == .names else { return entries }
        for index in entries.indices where entries[index].kind == .directory {
            // Skips "." and "..", which are no names.
            guard let name = try? FilePath.Component(name: entries[index].name) else { continue }
            entries[index].information = try? directory.status(of: name, requestor: requestor)
        }
        return entries
    }

    func releaseDirectory(_ request: ReleaseRequest, _ reply: consuming EmptyReply) {
        close(request.handle)
        reply.succeed()
    }

    func synchronizeDirectory(_ request: SynchronizeRequest, _ reply: consuming EmptyReply) {
        synchronize(request, reply)
    }
}

extension DirectoryEntry {
    /// DT_* of readdir(3).
    fileprivate var typeCode: UInt8 {
        UInt8(truncatingIfNeeded: (information?.kind ?? kind).map { $0.typeBits >> 12 } ?? 0)
    }
}
