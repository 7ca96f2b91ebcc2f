internal import BypassIOProtocol
internal import FUSE
internal import IOStack
internal import SystemPackage

/// Files of nodes: a file is open already, or is opened by the names that lead to it.
///
/// A client chooses the number of names. So a loop walks down, whose memory and time grow with the
/// depth and whose use of the stack does not.
extension VolumeFileSystem {
    /// Lends the file object of a node to `body`, and opens it by its name if necessary. A
    /// directory stays open for later. `byNameOnly` excludes open handles.
    func withFile<R>(
        of node: Node, _ requestor: Requestor, byNameOnly: Bool = false,
        _ body: (FileObject) throws(IOFailure) -> R
    ) throws(IOFailure) -> R {
        switch try nodes.place(of: node, byNameOnly: byNameOnly) {
        case .held(let held): return try body(held.file)
        case .open(let file):
            do throws(IOFailure) {
                return try body(file)
            } catch {
                // The handle has closed meanwhile.
                guard error.status == .fileClosed else { throw error }
            }
        case .named, .numbered: break
        }
        let held = try heldFile(of: node, requestor)
        defer { withExtendedLifetime(held) {} }
        return try body(held.file)
    }

    /// Opens a node's file by the best way; `configure` sets the parameters.
    func openFile(
        of node: Node, _ requestor: Requestor, configure: (inout CreateParameters) -> Void
    ) throws(IOFailure) -> FileObject {
        switch try nodes.place(of: node, byNameOnly: true) {
        case .held(let held):
            var parameters = CreateParameters(path: "", directory: held.file)
            configure(&parameters)
            let file = try volume.open(parameters, requestor: requestor)
            withExtendedLifetime(held) {}
            return file
        case .named(let name, in: let parent):
            let directory = try heldFile(of: parent, requestor)
            do throws(IOFailure) {
                return try open(node, FilePath(bytes: name), in: directory, requestor, configure)
            } catch {
                throw error.ofKnownName
            }
        case .numbered:
            return try openNumbered(node, requestor, configure)
        case .open:
            throw .staleNode
        }
    }

    /// Opens the file that a node's number means.
    private func openNumbered(
        _ node: Node, _ requestor: Requestor, _ configure: (inout CreateParameters) -> Void
    ) throws(IOFailure) -> FileObject {
        var parameters = CreateParameters(path: "", options: .noFollow)
        parameters.fileID = node.id
        configure(&parameters)
        return try checked(try volume.open(parameters, requestor: requestor), node)
    }

    // MARK: The way down

    /// So many directories above a file are opened singly and kept, because the next request is
    /// likely to be near.
    private static let nearLevels = 16
    /// Further up, so many levels are opened at a time, within the limits of a path.
    private static let stride = (levels: 64, bytes: 4000)

    /// A node's file for names and attributes, from the nearest open directory above it.
    private func heldFile(
        of node: Node, _ requestor: Requestor
    ) throws(IOFailure) -> HeldFile {
        let (start, steps) = try nodes.way(to: node)
        var way = steps
        var held = try self.held(start, requestor)
        while !way.isEmpty {
            let (path, end) = Self.nextStep(&way)
            do throws(IOFailure) {
                held = HeldFile(
                    try open(end, path, in: held, requestor) { parameters in
                        parameters.access = []
                        parameters.options.insert(.attributesOnly)
                    })
            } catch {
                throw error.onTheWay
            }
            if end.isDirectory { nodes.keep(held, of: end) }
        }
        return held
    }

    private func held(
        _ start: NodeTable.Start, _ requestor: Requestor
    ) throws(IOFailure) -> HeldFile {
        switch start {
        case .held(let held): return held
        case .numbered(let node):
            let held = HeldFile(
                try openNumbered(node, requestor) { parameters in
                    parameters.access = []
                    parameters.options.insert(.attributesOnly)
                })
            if node.isDirectory { nodes.keep(held, of: node) }
            return held
        }
    }

    /// Takes the next names, and the node to which they lead, from the end of `way`.
    private static func nextStep(_ way: inout [NodeTable.Step]) -> (FilePath, Node) {
        var step = way.removeLast()
        var path = step.name
        for _ in 1..<stride.levels {
            guard way.count >= nearLevels, let next = way.last,
                path.count + next.name.count < stride.bytes
            else { break }
            path.append(UInt8(ascii: "/"))
            path += next.name
            step = way.removeLast()
        }
        return (FilePath(bytes: path), step.node)
    }

    private func open(
        _ node: Node, _ path: FilePath, in directory: HeldFile, _ requestor: Requestor,
        _ configure: (inout CreateParameters) -> Void
    ) throws(IOFailure) -> FileObject {
        var parameters = CreateParameters(
            path: path, directory: directory.file, options: .noFollow)
        configure(&parameters)
        return try checked(try volume.open(parameters, requestor: requestor), node)
    }

    private func checked(_ file: FileObject, _ node: Node) throws(IOFailure) -> FileObject {
        guard node.isOf(file.stream.id, born: file.stream.birthTime) else {
            // Another file has the name now.
            file.close()
            throw .staleNode
        }
        return file
    }
}
