import BypassIOProtocol
import IOStack

/// What a ``BlockFilter`` keeps of a file while it is open.
///
/// Lock order: `lock`, under which the layers below are asked and the filter encodes and decodes;
/// then `known`, a leaf.
final class BlockFile<Blocks: BlockFilter>: FilterContext {
    private enum Known: Sendable {
        case nothing
        case isLeftAlone
        case codec(BlockCodec<Blocks>)
    }

    /// Bytes that a request has in memory at a time, in whole blocks.
    private static var piece: Int { 256 << 10 }

    let filter: Blocks
    let layout: BlockLayout
    private let lock = FileLock()
    private let known = Guarded(Known.nothing)

    init(_ filter: Blocks) {
        self.filter = filter
        layout = filter.layout
    }

    /// Blocks that a request has in memory at a time.
    var blocksAtOnce: Int { max(1, Self.piece / layout.storedBlock) }

    /// Whether the filter leaves the file alone.
    func isLeftAlone(
        _ file: FileObject, _ instance: FilterInstance
    ) throws(IOFailure) -> Bool {
        try codec(of: file, instance) == nil
    }

    /// Runs `body` while nobody changes the file; nil if the filter leaves it alone.
    func reading<R>(
        _ file: FileObject, _ instance: FilterInstance,
        _ body: (BlockCodec<Blocks>) throws(IOFailure) -> R
    ) throws(IOFailure) -> R? {
        guard let codec = try codec(of: file, instance) else { return nil }
        return try lock.shared { () throws(IOFailure) in try body(codec) }
    }

    /// Runs `body` while nobody else reads or changes the file.
    func changing<R>(
        _ file: FileObject, _ instance: FilterInstance,
        _ body: (BlockCodec<Blocks>) throws(IOFailure) -> R
    ) throws(IOFailure) -> R? {
        guard let codec = try codec(of: file, instance) else { return nil }
        return try lock.exclusive { () throws(IOFailure) in try body(codec) }
    }

    // MARK: The key

    /// Asks the filter once.
    private func codec(
        of file: FileObject, _ instance: FilterInstance
    ) throws(IOFailure) -> BlockCodec<Blocks>? {
        switch known.withLock({ $0 }) {
        case .isLeftAlone: return nil
        case .codec(let codec): return codec
        case .nothing: break
        }
        return try lock.exclusive { () throws(IOFailure) in
            if case .nothing = known.withLock({ $0 }) {} else { return present }
            let facts = try facts(of: file, instance)
            let key = try filter.key(of: facts)
            known.withLock { known in
                known =
                    key.map { .codec(BlockCodec(filter: filter, key: $0, layout: layout)) }
                    ?? .isLeftAlone
            }
            return present
        }
    }

    private var present: BlockCodec<Blocks>? {
        guard case .codec(let codec) = known.withLock({ $0 }) else { return nil }
        return codec
    }

    private func facts(
        of file: FileObject, _ instance: FilterInstance
    ) throws(IOFailure) -> BlockFileFacts {
        let unread = BlockFileFacts(file: file, instance: instance, header: nil)
        // A new file is not opened once more to see that nothing is in it.
        guard layout.header > 0, try unread.storedSize() > 0 else { return unread }
        let header = try unread.stored(at: 0, length: layout.header)
        return BlockFileFacts(
            file: file, instance: instance, header: header.isEmpty ? nil : header)
    }
}

extension BlockFilter {
    /// What is kept of a file.
    func blocks(
        of file: FileObject, _ instance: FilterInstance
    ) throws(IOFailure) -> BlockFile<Self> {
        if let kept = instance.context(on: .stream(file.stream)) as? BlockFile<Self> {
            return kept
        }
        let new = BlockFile(self)
        do throws(NTStatus) {
            let earlier = try instance.setContext(new, on: .stream(file.stream), .keepIfExists)
            return earlier as? BlockFile<Self> ?? new
        } catch {
            throw IOFailure(error)
        }
    }
}
