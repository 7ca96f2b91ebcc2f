/// A request that is not built as its opcode demands. The kernel sends none; the answer is EIO.
struct MalformedRequest: Error {}
