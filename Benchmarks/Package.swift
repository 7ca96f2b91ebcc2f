// swift-tools-version: 6.2

import PackageDescription

// Measurements of the products, in the way another package would use them. The regression guard and
// bypassio-copies belong to the package above, because they need targets that are no products.
let settings: [SwiftSetting] = [
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

func product(_ name: String, of package: String = "bypassio") -> Target.Dependency {
    .product(name: name, package: package)
}

let package = Package(
    name: "bypassio-benchmarks",
    platforms: [.macOS(.v26)],
    dependencies: [
        .package(name: "bypassio", path: ".."),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    ],
    targets: [
        // Measures how long pauses and QUERYs take with 100,000 bypass-enabled handles.
        .executableTarget(
            name: "bypassio-pauses",
            dependencies: [
                product("IOStack"), product("BypassIOProtocol"), product("MemoryFileSystem"),
                product("SystemPackage", of: "swift-system"),
            ],
            path: "Pauses", swiftSettings: settings),
        // Measures the cost of a control on a mount.
        .executableTarget(
            name: "bypassio-controls",
            dependencies: [
                product("BypassIOClient"), product("BypassIOProtocol"), product("CBypassIO"),
                product("SystemPackage", of: "swift-system"),
            ],
            path: "Controls", swiftSettings: settings),
    ])
