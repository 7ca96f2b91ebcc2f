import Glibc
import SystemPackage

/// The routes of a run. Native comes first: the limit of all others.
struct RouteSet {
    private let plan: BenchPlan
    private let folder: BenchFolder
    private let backing: BenchTree
    private let recorder: Recorder
    private(set) var routes: [any BenchRoute] = []

    init(_ plan: BenchPlan, _ folder: BenchFolder, backing: BenchTree, recorder: Recorder) {
        self.plan = plan
        self.folder = folder
        self.backing = backing
        self.recorder = recorder
        routes.append(
            PathRoute(
                RouteDescription("native", .native), tree: backing, backing: backing,
                recorder: recorder))
        routes.append(FioRoute(tree: backing))
        if !plan.isOfKernelRoute {
            addStacks()
            addServiceMounts()
        }
        addKernelMounts()
        if !plan.isOfKernelRoute { addInstalledPeers() }
        for peer in plan.peers {
            routes.append(
                PeerRoute(
                    name: peer.name, place: peer.path, mount: nil, backing: backing,
                    parts: plan.parts, recorder: recorder))
        }
        // The reader is the same on every path.
        for case let route as PathRoute in routes { route.engine = plan.engine }
    }

    private mutating func addStacks() {
        addStack(filters: 8, bypasses: true)
        for count in plan.filterCounts { addStack(filters: count, bypasses: false) }
    }

    private mutating func addStack(filters: Int, bypasses: Bool) {
        routes.append(
            StackRoute(
                tree: backing, filters: filters, bypasses: bypasses, engine: plan.engine,
                recorder: recorder))
    }

    private mutating func addServiceMounts() {
        var bypassed: ServedMount?
        for count in plan.filterCounts {
            let mount = served("request", filters: count)
            add("mount, traditional", .mountTraditional, count, mount)
            if count == 8 { bypassed = mount }
        }
        // Without filters there is nothing to bypass, so these have filters.
        if let bypassed { add("mount, service bypass", .mountServiceBypass, 8, bypassed) }
    }

    private mutating func addKernelMounts() {
        for count in [0, 8] {
            add("mount, kernel route", .mountKernel, count, served("auto", filters: count))
        }
    }

    private mutating func add(
        _ name: String, _ kind: RouteDescription.Kind, _ filters: Int, _ mount: ServedMount
    ) {
        routes.append(
            MountRoute(
                RouteDescription(name, kind, filters: filters), mount: mount, backing: backing,
                recorder: recorder))
    }

    private func served(_ bypass: String, filters: Int) -> ServedMount {
        let name = "\(bypass)-\(filters)"
        let place = folder.mounts.appending(name)
        let options = plan.mountOptions.isEmpty ? "" : ",\(plan.mountOptions)"
        return ServedMount(
            [plan.program.string, "mount", "-o", "bypass=\(bypass)\(options)"]
                + NoOpAltitudes.options(filters) + [backing.root.string, place.string],
            at: place, messages: folder.path.appending("\(name).log"))
    }

    private mutating func addInstalledPeers() {
        let room =
            plan.sizes.data + UInt64(plan.sizes.smallFiles) * 8192
            + UInt64(plan.sizes.entries) * 2048 + (256 << 20)
        let recipes = PeerRecipe.all(
            source: backing.root, own: folder.peers, mounts: folder.mounts, bytes: room)
        for recipe in recipes {
            let place = folder.mounts.appending(recipe.name)
            let mount = ServedMount(
                recipe.command, at: place, messages: folder.path.appending("\(recipe.name).log"))
            routes.append(
                PeerRoute(
                    name: recipe.name, place: place, mount: mount,
                    preparation: recipe.preparation, backing: backing, parts: plan.parts,
                    recorder: recorder))
        }
    }
}
