import FUSE

/// A directory of files that nobody stored: each is made when it is asked for.
final class HelloFileSystem: FileSystem {
    private let makers: [(name: String, make: @Sendable () -> String)] = [
        ("hello", { "Hello, world.\n" }),
        ("squares", { (1...1000).map { "\($0) \($0 * $0)\n" }.joined() }),
        ("primes", { primes(below: 1000).map { "\($0)\n" }.joined() }),
    ]

    private static func primes(below limit: Int) -> [Int] {
        (2..<limit).filter { number in
            !(2..<number).prefix { $0 * $0 <= number }.contains { number.isMultiple(of: $0) }
        }
    }

    /// The root is node 1, and the files follow.
    private func node(_ index: Int) -> NodeID { NodeID(UInt64(index) + 2) }

    private func content(of node: NodeID) -> [UInt8]? {
        let index = Int(clamping: node.rawValue) - 2
        return makers.indices.contains(index) ? Array(makers[index].make().utf8) : nil
    }

    private func attributes(of node: NodeID) -> NodeAttributes? {
        if node == .root { return .directory(node) }
        return content(of: node).map { .file(node, size: $0.count, permissions: 0o444) }
    }

    // MARK: What the kernel asks

    func lookup(_ request: borrowing NameRequest, _ reply: consuming EntryReply) {
        let name = request.text
        guard let index = makers.firstIndex(where: { $0.name == name }),
            let attributes = attributes(of: node(index))
        else { return reply.fail(.noSuchFileOrDirectory) }
        reply.succeed(NodeEntry(node: node(index), attributes: attributes))
    }

    func getAttributes(_ request: GetAttributesRequest, _ reply: consuming AttributesReply) {
        guard let attributes = attributes(of: request.context.node) else {
            return reply.fail(.noSuchFileOrDirectory)
        }
        reply.succeed(attributes)
    }

    func readDirectory(_ request: ReadRequest, _ reply: consuming DirectoryReply) {
        let names =
            [(".", NodeID.root), ("..", .root)]
            + makers.indices.map { (makers[$0].name, node($0)) }
        let entries = names.compactMap { name, node in
            attributes(of: node).map { ListedName(name, $0) }
        }
        reply.succeed(entries, for: request)
    }

    func read(_ request: ReadRequest, _ reply: consuming ReadReply) {
        guard let content = content(of: request.context.node) else { return reply.fail(.ioError) }
        reply.succeed(content.span, for: request)
    }
}

///     swift run --package-path Examples/HelloFileSystem HelloFileSystem /mnt/hello &
///     cat /mnt/hello/hello
///     umount /mnt/hello
@main
struct Hello {
    static func main() throws {
        guard CommandLine.arguments.count == 2 else {
            return print("usage: HelloFileSystem MOUNTPOINT")
        }
        let connection = Connection(HelloFileSystem())
        let mounted = try Mounting.mount(connection, at: .init(CommandLine.arguments[1]))
        mounted.waitUntilUnmounted()
    }
}
