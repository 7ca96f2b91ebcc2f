/// ACCESS (`struct fuse_access_in`, 8 bytes).
struct AccessRequest {
    let context: RequestContext
    /// `R_OK`, `W_OK` and `X_OK` of access(2).
    let mask: UInt32

    init(_ context: RequestContext, _ reader: inout MessageReader) throws(MalformedRequest) {
        self.context = context
        mask = try reader.u32()
    }
}
