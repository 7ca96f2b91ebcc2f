import CPosixCalls

/// The required state of a file: its bytes, its names, and its open handles.
final class ModelFile {
    /// Small enough for memory, large enough for many pages.
    static let mostBytes = 384 * 1024

    let number: Int
    private(set) var size = 0
    var names: [ModelName] = []
    var handles: [OpenHandle] = []
    var mappings: [FileMapping] = []
    /// The value of the attribute user.model.
    var attribute: [UInt8]?
    // Holds zeros from `size` on.
    private let bytes: AlignedBuffer

    init(number: Int) throws {
        self.number = number
        bytes = try AlignedBuffer(count: ModelFile.mostBytes)
        bytes.clear(0..<ModelFile.mostBytes)
    }

    var isGone: Bool { names.isEmpty && handles.isEmpty }

    /// Fills new bytes with zeros.
    func resize(to size: Int) {
        if size < self.size { bytes.clear(size..<self.size) }
        self.size = size
    }

    func write(_ source: UnsafeRawPointer, count: Int, at offset: Int) {
        guard count > 0, offset + count <= ModelFile.mostBytes else { return }
        size = max(size, offset + count)
        unsafe call_copy_bytes(bytes.address + offset, source, count)
    }

    func zero(_ range: Range<Int>) { bytes.clear(range.clamped(to: 0..<size)) }

    func copy(_ range: Range<Int>) -> [UInt8] {
        let inside = range.clamped(to: 0..<size)
        return unsafe Array(
            UnsafeRawBufferPointer(start: bytes.address + inside.lowerBound, count: inside.count))
    }

    /// The place of the first difference from the model, from `offset` on; nil if there is none.
    func firstDifference(from other: UnsafeRawPointer, count: Int, at offset: Int) -> Int? {
        guard count > 0, offset + count <= size else { return count > 0 ? offset : nil }
        let place = unsafe call_first_difference(bytes.address + offset, other, count)
        return place < 0 ? nil : offset + Int(place)
    }
}

/// A directory of the worker's tree.
final class ModelDirectory {
    let number: Int
    /// nil for the worker's own directory.
    var parent: ModelDirectory?
    var name: String
    /// In the order of their creation, so that a choice among them depends on the seed alone.
    var entries: [(name: String, node: ModelNode)] = []

    init(number: Int, parent: ModelDirectory?, name: String) {
        (self.number, self.parent, self.name) = (number, parent, name)
    }

    var path: String { parent.map { "\($0.path)/\(name)" } ?? name }
    var directories: Int {
        entries.count { if case .directory = $0.node { true } else { false } }
    }

    func contains(_ other: ModelDirectory) -> Bool {
        var next: ModelDirectory? = other
        while let directory = next {
            if directory === self { return true }
            next = directory.parent
        }
        return false
    }

    func remove(_ name: String) { entries.removeAll { $0.name == name } }
    func node(_ name: String) -> ModelNode? { entries.first { $0.name == name }?.node }
}

enum ModelNode {
    case file(ModelFile)
    case directory(ModelDirectory)
    case link(String)
}

/// One of a file's names.
struct ModelName {
    let directory: ModelDirectory
    let name: String

    var path: String { "\(directory.path)/\(name)" }
}

struct OpenHandle {
    enum Kind: String, CaseIterable {
        case cached, direct, appending, reading
    }

    let descriptor: Int32
    let kind: Kind
}

/// A shared mapping. A worker must not touch its pages behind the file's end.
@safe
final class FileMapping {
    let address: UnsafeMutableRawPointer
    /// The place in the file.
    let offset: Int
    let length: Int
    let canWrite: Bool

    init(address: UnsafeMutableRawPointer, offset: Int, length: Int, canWrite: Bool) {
        unsafe self.address = address
        (self.offset, self.length, self.canWrite) = (offset, length, canWrite)
    }
}
