package import DirectRead
package import SystemPackage

/// What a run measures.
package struct BenchPlan: Sendable {
    /// A mount that somebody else made.
    package struct Peer: Sendable {
        package let name: String
        package let path: FilePath

        package init(name: String, path: FilePath) {
            self.name = name
            self.path = path
        }
    }

    package var workloads = BenchWorkload.all
    package var rounds = 3
    /// Of a pass; passes over a number of files take what they take.
    package var seconds = 0.3
    package var sizes = BenchSizes.full
    /// Numbers of no-op filters, with 0 first.
    package var filterCounts = [0, 1, 4, 8, 16]
    /// Native and the kernel's own reads alone.
    package var isOfKernelRoute = false
    package var dropsAllCaches = false
    package var peers: [Peer] = []
    /// What carries the O_DIRECT reads of this process.
    package var engine = ReadEngines.Policy.automatic
    /// Further options of our own mounts, as -o takes them; empty for none.
    package var mountOptions = ""
    /// The program `bypassio` itself, which serves the mounts.
    package var program: FilePath
    /// The command line, for who wants to repeat it.
    package var commandLine = ""

    package init(program: FilePath) {
        self.program = program
    }

    var parts: Set<BenchTree.Part> { Set(workloads.map(\.part)) }
}
