// swift-tools-version: 6.2

import PackageDescription

let package = Package(
    name: "HelloFileSystem",
    // A package of your own names the repository's URL and a version here.
    dependencies: [.package(name: "bypassio", path: "../..")],
    targets: [
        .executableTarget(
            name: "HelloFileSystem", dependencies: [.product(name: "FUSE", package: "bypassio")])
    ])
