/// The kernel's names of the requests that the routes cause; other requests have numbers.
enum OpcodeName {
    private static let names = [
        1: "LOOKUP", 2: "FORGET", 3: "GETATTR", 14: "OPEN", 15: "READ", 18: "RELEASE", 25: "FLUSH",
        27: "OPENDIR", 36: "INTERRUPT", 39: "IOCTL", 42: "BATCH_FORGET",
    ]

    static func of(_ opcode: Int) -> String { names[opcode] ?? "opcode \(opcode)" }
}
