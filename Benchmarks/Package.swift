// swift-tools-version: 6.2

import PackageDescription

// Measurements of what the products do, as another package would use them. What is no product
// cannot be used here: the regression guard and bypassio-copies, which need more, are parts of the
// package above.
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
        // How long pauses and QUERYs take with 100,000 bypass-enabled handles.
        .executableTarget(
            name: "bypassio-pauses",
            dependencies: [
                product("IOStack"), product("BypassIOProtocol"), product("MemoryFileSystem"),
                product("SystemPackage", of: "swift-system"),
            ],
            path: "Pauses", swiftSettings: settings),
        // What a control costs on a mount: see the file.
        .executableTarget(
            name: "bypassio-controls",
            dependencies: [
                product("BypassIOClient"), product("BypassIOProtocol"), product("CBypassIO"),
                product("SystemPackage", of: "swift-system"),
            ],
            path: "Controls", swiftSettings: settings),
    ])
