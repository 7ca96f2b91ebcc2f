package import DirectRead
package import SystemPackage

/// The plan of a run.
package struct BenchPlan: Sendable {
    /// A mount that another program made.
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
    /// Length of a pass; passes over a number of files take as long as they need.
    package var seconds = 0.3
    package var sizes = BenchSizes.full
    /// Numbers of no-op filters, with 0 first.
    package var filterCounts = [0, 1, 4, 8, 16]
    /// Only native and the kernel's own reads.
    package var isOfKernelRoute = false
    package var dropsAllCaches = false
    package var peers: [Peer] = []
    /// The mechanism of this process' O_DIRECT reads.
    package var engine = ReadEngines.Policy.automatic
    /// Further options for the bench's mounts, as for -o; empty for none.
    package var mountOptions = ""
    /// The program `bypassio` itself, which serves the mounts.
    package var program: FilePath
    /// The command line, to repeat the run.
    package var commandLine = ""

    package init(program: FilePath) {
        self.program = program
    }

    var parts: Set<BenchTree.Part> { Set(workloads.map(\.part)) }
}
