/// The free places of the kernel's table of registered files.
struct RegisteredFileTable: ~Copyable {
    private var free: [UInt32]
    private var isTaken: [Bool]

    init(capacity: Int) {
        free = (0..<UInt32(capacity)).reversed()
        isTaken = Array(repeating: false, count: capacity)
    }

    var capacity: Int { isTaken.count }

    /// A free place; `nil` if the table is full.
    mutating func take() -> UInt32? {
        guard let index = free.popLast() else { return nil }
        isTaken[Int(index)] = true
        return index
    }

    /// Frees a place that was taken.
    mutating func put(back index: UInt32) {
        precondition(
            Int(index) < isTaken.count && isTaken[Int(index)], "file is not registered here")
        isTaken[Int(index)] = false
        free.append(index)
    }
}
