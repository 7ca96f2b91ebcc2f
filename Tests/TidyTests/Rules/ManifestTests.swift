import Testing

/// Package.swift names the modules that its targets import, and no others.
struct ManifestTests {
    private static let manifest = Manifest.own
    private static let executables = Set(
        manifest.targets.filter { $0.kind == .executableTarget }.map(\.name))
    private static let ours = Set(manifest.targets.map(\.module))

    /// Products of other packages on which some target depends.
    private static let products = Set(manifest.targets.flatMap(\.dependencies)).subtracting(
        manifest.targets.map(\.name))

    private static func imports(of target: Manifest.Target) -> [Import] {
        Tree.own.files(below: target.folder).filter {
            $0.path.hasSuffix(".swift") && manifest.target(of: $0.path)?.name == target.name
        }.flatMap(\.imports)
    }

    @Test("the manifest is understood")
    func understood() throws {
        let target = try #require(Self.manifest.targets.first { $0.name == "IOStack" })
        #expect(target.dependencies == ["BypassIOProtocol", "DequeModule", "SystemPackage"])
        #expect(target.folder == "Sources/IOStack")
        let tests = try #require(Self.manifest.targets.first { $0.name == "TidyTests" })
        #expect(tests.kind == .testTarget && tests.dependencies.isEmpty)
        #expect(Self.manifest.targets.contains { $0.folder == "Tests/Support" })
    }

    @Test("a target names the modules it imports")
    func dependencies() {
        var findings: [Finding] = []
        for target in Self.manifest.targets {
            let named = Set(target.dependencies.map { $0.replacing("-", with: "_") })
            let known = Self.ours.union(Self.products)
            for one in Self.imports(of: target)
            where known.contains(one.module) && !named.contains(one.module) {
                findings.append(
                    Finding(
                        path: one.path, line: one.line,
                        fault:
                            "\(target.name) imports \(one.module), which Package.swift does not name",
                        remedy: "Name it among the target's dependencies, or do without."))
            }
        }
        expectNone(findings)
    }

    /// A program among the dependencies is exempt: it is built for the target, which runs it.
    @Test("a target imports the modules it names")
    func imports() {
        var findings: [Finding] = []
        for target in Self.manifest.targets {
            let imported = Set(Self.imports(of: target).map(\.module))
            for dependency in target.dependencies where !Self.executables.contains(dependency) {
                if imported.contains(dependency.replacing("-", with: "_")) { continue }
                findings.append(
                    Finding(
                        path: Manifest.path, line: target.line,
                        fault: "\(target.name) names \(dependency) and does not import it",
                        remedy: "Take it out of the dependencies."))
            }
        }
        expectNone(findings)
    }

    @Test("a target stands below its dependencies")
    func order() {
        var above: Set<String> = []
        for target in Self.manifest.targets {
            let targets = target.dependencies.filter { !Self.products.contains($0) }
            if target.folder.hasPrefix("Sources/") {
                expectNone(
                    targets.filter { !above.contains($0) }.map { dependency in
                        Finding(
                            path: Manifest.path, line: target.line,
                            fault: "\(target.name) stands above \(dependency), which it depends on",
                            remedy:
                                "Targets stand bottom up: move it, or turn the dependency round.")
                    })
            }
            above.insert(target.name)
        }
    }

    @Test("every source file belongs to a target, and every target has files")
    func files() {
        let folders = ["Sources", "Tests", "Benchmarks"]
        let sources = folders.flatMap(Tree.own.files(below:)).filter {
            $0.isSource && $0.name != "Package.swift"
        }
        func target(of path: String) -> Manifest.Target? {
            Self.manifest.target(of: path) ?? Manifest.benchmarks.target(of: path)
        }
        expectNone(
            sources.filter { target(of: $0.path) == nil }.map { file in
                Finding(
                    path: file.path, fault: "no target of Package.swift has this file",
                    remedy: "Move it to the folder of one.")
            })
        // Most examples are packages of their own.
        let used = Set(
            (sources + Tree.own.files(below: "Examples")).compactMap { target(of: $0.path)?.name })
        expectNone(
            (Self.manifest.targets + Manifest.benchmarks.targets).filter { !used.contains($0.name) }
                .map { target in
                    Finding(
                        path: Manifest.path, line: target.line,
                        fault: "\(target.name) has no files in \(target.folder)",
                        remedy: "Take it out of the manifest.")
                })
    }
}
