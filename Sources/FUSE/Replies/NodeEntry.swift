/// The file that a name stands for (`struct fuse_entry_out`, 128 bytes).
public struct NodeEntry: Sendable, Equatable {
    /// Not 0, and never that of another file as long as the kernel knows this one.
    public var node: NodeID
    /// Tells this file from others that have the same number when the kernel does not know this
    /// one.
    public var generation: UInt32
    public var attributes: NodeAttributes
    public var nameValidity: Validity
    public var attributesValidity: Validity

    static let wireSize = 40 + NodeAttributes.wireSize

    public init(
        node: NodeID, generation: UInt32 = 0, attributes: NodeAttributes,
        nameValidity: Validity = .second, attributesValidity: Validity = .second
    ) {
        self.node = node
        self.generation = generation
        self.attributes = attributes
        self.nameValidity = nameValidity
        self.attributesValidity = attributesValidity
    }

    func write(to writer: inout MessageWriter) {
        writer.u64(node.rawValue)
        writer.u64(UInt64(generation))
        writer.u64(nameValidity.seconds)
        writer.u64(attributesValidity.seconds)
        writer.u32(nameValidity.nanoseconds)
        writer.u32(attributesValidity.nanoseconds)
        attributes.write(to: &writer)
    }

    static func writeAbsent(validFor time: Validity, to writer: inout MessageWriter) {
        writer.zeros(16)
        writer.u64(time.seconds)
        writer.u64(0)
        writer.u32(time.nanoseconds)
        writer.zeros(4 + NodeAttributes.wireSize)
    }
}
