/// A request that does not hold what its opcode says. The kernel sends none; the answer is EIO.
struct MalformedRequest: Error {}
