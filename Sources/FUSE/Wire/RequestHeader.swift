/// The beginning of every request (`struct fuse_in_header`, 40 bytes).
package struct RequestHeader {
    package static let size = 40

    /// Of the whole request, in bytes.
    let length: UInt32
    let opcode: UInt32
    let unique: RequestID
    let node: NodeID
    let userID: UInt32
    let groupID: UInt32
    let processID: UInt32

    init(_ reader: inout MessageReader) throws(MalformedRequest) {
        length = try reader.u32()
        opcode = try reader.u32()
        unique = RequestID(try reader.u64())
        node = NodeID(try reader.u64())
        userID = try reader.u32()
        groupID = try reader.u32()
        processID = try reader.u32()
        // total_extlen and padding: no extension is negotiated.
        try reader.skip(4)
    }
}
