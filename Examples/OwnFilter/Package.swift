// swift-tools-version: 6.2

import PackageDescription

let package = Package(
    name: "OwnFilter",
    // A package of your own names the repository's URL and a version here.
    dependencies: [.package(name: "bypassio", path: "../..")],
    targets: [
        .executableTarget(
            name: "OwnFilter",
            dependencies: [
                .product(name: "BypassIOProtocol", package: "bypassio"),
                .product(name: "IOStack", package: "bypassio"),
                .product(name: "HostFileSystem", package: "bypassio"),
            ])
    ])
