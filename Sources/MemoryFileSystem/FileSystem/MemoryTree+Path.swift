import BypassIOProtocol
import IOStack
import SystemPackage

extension MemoryTree {
    /// The path of a node from the root: the path by which it was opened if that still leads there,
    /// otherwise the first path found.
    func path(of number: UInt64, openedAs opened: FilePath) throws(IOFailure) -> String {
        if (try? walk(opened, from: Self.root, followLast: false))?.node == number {
            return opened.string
        }
        var names: [[UInt8]] = []
        var current = number
        while current != Self.root {
            guard let (directory, name) = place(of: current) else {
                throw IOFailure(.objectNameNotFound)
            }
            names.append(name)
            current = directory
        }
        return names.reversed().map { String(decoding: $0, as: UTF8.self) }.joined(separator: "/")
    }

    private func place(of number: UInt64) -> (directory: UInt64, name: [UInt8])? {
        for (directory, node) in nodes {
            let entry = node.directory?.entries.first { $0.value.node == number }
            if let entry { return (directory, entry.key) }
        }
        return nil
    }
}
