// swift-tools-version: 6.2

import PackageDescription

// Every target of ours is built the same way: Swift 6 mode, unsafe code marked, warnings refused.
var settings: [SwiftSetting] = [
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    // Returning a Span of our own storage needs lifetime annotations, still experimental in 6.3.
    .enableExperimentalFeature("Lifetimes"),
]

// Builds the state machine for `bypassio-interleavings`, whose scheduler decides before each lock
// and each atomic step which thread goes on. Set in a build folder of its own (docs/testing.md):
// nothing of it is in any other build.
let schedulesThreads = Context.environment["BYPASSIO_INTERLEAVING"] != nil

// Builds the same for `bypassio-simulation`, with assertions and what tests see.
let simulates = Context.environment["BYPASSIO_SIMULATION"] != nil
if schedulesThreads || simulates {
    // Its threads are coroutines of one thread, and the runtime keeps its list of accesses by
    // thread.
    settings += [.define("INTERLEAVING"), .unsafeFlags(["-enforce-exclusivity=unchecked"])]
}
if simulates {
    settings += [.unsafeFlags(["-enable-testing", "-assert-config", "Debug"])]
}

// Builds `bypassio-fuzz`, and counts in all targets of ours which code an input reaches. Set in a
// build folder of its own, too.
let fuzzes = Context.environment["BYPASSIO_FUZZING"] != nil
if fuzzes {
    // Optimised, for inputs by the thousand, with assertions and what tests see.
    settings += [
        .unsafeFlags(["-sanitize=fuzzer", "-enable-testing", "-assert-config", "Debug"])
    ]
}

let package = Package(
    name: "bypassio",
    platforms: [.macOS(.v26)],
    products: [
        .library(name: "BypassIOProtocol", targets: ["BypassIOProtocol"]),
        .library(name: "IOStack", targets: ["IOStack"]),
        .library(name: "DirectRead", targets: ["DirectRead"]),
        .library(name: "HostFileSystem", targets: ["HostFileSystem"]),
        .library(name: "MemoryFileSystem", targets: ["MemoryFileSystem"]),
        .library(name: "FUSE", targets: ["FUSE"]),
        .library(name: "FUSERing", targets: ["FUSERing"]),
        .library(name: "BypassIOMount", targets: ["BypassIOMount"]),
        .library(name: "BypassIOClient", targets: ["BypassIOClient"]),
        .library(name: "CBypassIO", targets: ["CBypassIO"]),
        .library(name: "FilterKit", targets: ["FilterKit"]),
        .library(name: "Minifilters", targets: ["Minifilters"]),
        .library(name: "Encryption", targets: ["Encryption"]),
        .library(name: "Scanning", targets: ["Scanning"]),
        .library(name: "VolumeDrivers", targets: ["VolumeDrivers"]),
        .library(name: "BypassIOLab", targets: ["BypassIOLab"]),
        .library(name: "BypassIOBench", targets: ["BypassIOBench"]),
        .executable(name: "bypassio", targets: ["bypassio"]),
    ],
    // `swift build --disable-default-traits` leaves the target FUSERing out of the command, which
    // then knows no `-o transport=ring`. A package that uses the libraries leaves it out by not
    // naming its product: neither FUSE nor BypassIOMount knows it.
    traits: [
        .trait(name: "RingTransport", description: "The command can take requests by io_uring."),
        .default(enabledTraits: ["RingTransport"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.1"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    ],
    targets: [
        // Bottom up; a target imports only what stands above it.
        .target(name: "CKernelABI"),
        .target(name: "Locks", swiftSettings: settings),
        .target(
            name: "LinuxKit",
            dependencies: [
                "CKernelABI", .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: settings),
        .target(name: "BypassIOProtocol", swiftSettings: settings),
        .target(
            name: "ServiceEvents",
            dependencies: [
                "BypassIOProtocol", "LinuxKit", "Locks",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: settings),
        .target(
            name: "IOStack",
            dependencies: [
                "BypassIOProtocol",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: settings),
        .target(
            name: "DirectRead",
            dependencies: [
                "Locks", "LinuxKit",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: settings),
        .target(
            name: "HostFileSystem",
            dependencies: [
                "LinuxKit", "CKernelABI", "BypassIOProtocol", "IOStack", "DirectRead",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: settings),
        .target(
            name: "MemoryFileSystem",
            dependencies: [
                "BypassIOProtocol", "IOStack",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: settings),
        .target(
            name: "FUSE",
            dependencies: [
                "CKernelABI", "Locks", "LinuxKit",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: settings),
        .target(
            name: "FUSERing",
            dependencies: [
                "CKernelABI", "Locks", "LinuxKit", "FUSE",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: settings),
        .target(
            name: "BypassIOMount",
            dependencies: [
                "Locks", "LinuxKit", "BypassIOProtocol", "IOStack", "FUSE",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: settings),
        .target(name: "CBypassIO"),
        .target(
            name: "BypassIOClient",
            dependencies: [
                "CBypassIO", "BypassIOProtocol",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: settings),
        .target(
            name: "FilterKit",
            dependencies: [
                "Locks", "BypassIOProtocol", "IOStack",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: settings),
        .target(
            name: "Minifilters",
            dependencies: [
                "BypassIOProtocol", "IOStack", "FilterKit",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: settings),
        // A filter like any other: it sees no more of the package than a package of its own would.
        .target(
            name: "Encryption",
            dependencies: [
                "BypassIOProtocol", "IOStack", "FilterKit",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            packageAccess: false, swiftSettings: settings),
        .target(
            name: "Scanning",
            dependencies: [
                "LinuxKit", "Locks", "BypassIOProtocol", "IOStack", "FilterKit",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: settings),
        .target(
            name: "VolumeDrivers", dependencies: ["BypassIOProtocol", "IOStack"],
            swiftSettings: settings),
        .target(
            name: "BypassIOLab",
            dependencies: [
                "BypassIOProtocol", "IOStack", "MemoryFileSystem",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: settings),
        .target(
            name: "ControlInterface",
            dependencies: [
                "Locks", "LinuxKit", "BypassIOProtocol",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "FlyingFox", package: "FlyingFox"),
                .product(name: "FlyingSocks", package: "FlyingFox"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: settings),
        .target(
            name: "Terminal",
            dependencies: [.product(name: "SystemPackage", package: "swift-system")],
            swiftSettings: settings),
        .target(
            name: "BypassIOBench",
            dependencies: [
                "LinuxKit", "CKernelABI", "BypassIOProtocol", "IOStack", "DirectRead",
                "HostFileSystem",
                "Minifilters", "BypassIOClient", "Terminal",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "bypassio",
            dependencies: [
                "LinuxKit", "BypassIOProtocol", "IOStack", "DirectRead", "HostFileSystem",
                "FilterKit", "Minifilters", "Encryption", "Scanning", "VolumeDrivers", "FUSE",
                .byName(name: "FUSERing", condition: .when(traits: ["RingTransport"])),
                "BypassIOMount", "BypassIOClient", "ControlInterface", "BypassIOLab",
                "Locks", "Terminal", "BypassIOBench", "CBypassIO", "CKernelABI", "ServiceEvents",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: settings),

        .target(name: "CAllocationCounter", path: "Tests/CAllocationCounter"),
        .testTarget(
            name: "BypassIOProtocolTests", dependencies: ["BypassIOProtocol"],
            swiftSettings: settings),
        .testTarget(
            name: "BypassIOClientTests",
            dependencies: ["BypassIOProtocol", "CBypassIO"],
            swiftSettings: settings),
        .testTarget(
            name: "IOStackTests",
            dependencies: [
                "IOStack", "BypassIOProtocol", "MemoryFileSystem",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "DirectReadTests",
            dependencies: [
                "LinuxKit", "CKernelABI", "TestSupport", "DirectRead", "CAllocationCounter",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "HostFileSystemTests",
            dependencies: [
                "LinuxKit", "TestSupport", "HostFileSystem", "IOStack", "BypassIOProtocol",
                "DirectRead", "MemoryFileSystem", "CKernelABI", "CAllocationCounter",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "MinifiltersTests",
            dependencies: [
                "Locks", "TestSupport", "Minifilters", "VolumeDrivers", "IOStack",
                "BypassIOProtocol",
                "MemoryFileSystem",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "EncryptionTests",
            dependencies: [
                "Encryption", "IOStack", "BypassIOProtocol", "MemoryFileSystem",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "ScanningTests",
            dependencies: [
                "LinuxKit", "Scanning", "IOStack", "BypassIOProtocol", "MemoryFileSystem",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: settings),
        // Filters that change data, for tests in this process and for mounts.
        .target(
            name: "TestFilters",
            dependencies: [
                "BypassIOProtocol", "FilterKit", "IOStack",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Tests/TestFilters", swiftSettings: settings),
        .executableTarget(
            name: "FilterMount",
            dependencies: [
                "IOStack", "HostFileSystem", "TestFilters", "BypassIOMount",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Tests/FilterMount", swiftSettings: settings),
        .testTarget(
            name: "FilterKitTests",
            dependencies: [
                "LinuxKit", "TestFilters", "FilterKit", "IOStack", "BypassIOProtocol",
                "MemoryFileSystem",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: settings),
        // The steps of the tutorial of FilterKit, which tests mount: by public interfaces alone.
        .executableTarget(
            name: "FilterTutorial",
            dependencies: [
                "BypassIOProtocol", "IOStack", "HostFileSystem", "FilterKit", "BypassIOMount",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Examples/FilterTutorial", packageAccess: false, swiftSettings: settings),
        // Serves a mount for tests, which must not serve what they use.
        .executableTarget(
            name: "TinyFileSystem",
            dependencies: [
                "FUSE", "FUSERing", .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Tests/TinyFileSystem", swiftSettings: settings),
        .testTarget(
            name: "FUSETests",
            dependencies: [
                "LinuxKit", "Locks", "TestSupport", "FUSE", "FUSERing", "TinyFileSystem",
                "CKernelABI", "CAllocationCounter",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "BypassIOMountTests",
            dependencies: [
                "LinuxKit", "BypassIOMount", "FUSE", "IOStack", "BypassIOProtocol",
                "MemoryFileSystem",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: settings),
        // These stay here, while the other benchmarks are a package of their own (Benchmarks): they
        // use targets that are no products, and what is open to this package alone; and the guard
        // counts what the release build of this package does.

        // What copying bytes that were just read costs a disk: see the file.
        .executableTarget(
            name: "bypassio-copies",
            dependencies: [
                "LinuxKit", "DirectRead", "CKernelABI",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Benchmarks/Copies", swiftSettings: settings),
        // What the regression guard counts, the run of it that callgrind watches, which must not
        // carry the allocation counter's calls, and the guard itself.
        .target(name: "CGuardedStretch", path: "Benchmarks/Guard/CStretch"),
        .target(
            name: "GuardedRoutes",
            dependencies: [
                "IOStack", "BypassIOProtocol", "MemoryFileSystem",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Benchmarks/Guard/Routes", swiftSettings: settings),
        .executableTarget(
            name: "bypassio-guard-routes", dependencies: ["GuardedRoutes", "CGuardedStretch"],
            path: "Benchmarks/Guard/Run", swiftSettings: settings),
        .executableTarget(
            name: "bypassio-guard",
            dependencies: [
                "LinuxKit", "GuardedRoutes", "CAllocationCounter", "CPosixCalls",
                "BypassIOClient",
                "BypassIOProtocol",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Benchmarks/Guard/Command", swiftSettings: settings),
        .target(name: "CPosixCalls", path: "Tests/CPosixCalls"),
        // What tests leave behind when they fail, and how programs of theirs are run.
        .target(
            name: "TestSupport",
            dependencies: [
                "CPosixCalls", "LinuxKit",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Tests/Support", swiftSettings: settings),
        .testTarget(
            name: "ControlInterfaceTests",
            dependencies: [
                "ControlInterface", "BypassIOProtocol", "LinuxKit", "Locks", "TestSupport",
                "CPosixCalls",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: settings),
        .testTarget(name: "LocksTests", dependencies: ["Locks"], swiftSettings: settings),
        .testTarget(
            name: "LinuxKitTests",
            dependencies: [
                "LinuxKit", "Locks", "DirectRead", "CKernelABI", "TestSupport", "CPosixCalls",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: settings),
        // Reads, writes, maps and renames at random beside a model, on several processes.
        .executableTarget(
            name: "bypassio-exerciser",
            dependencies: [
                "LinuxKit", "CPosixCalls",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Tests/Exerciser", swiftSettings: settings),
        // Reads a file in each way that Linux has, for the table of what a shut gate holds.
        .target(name: "CReadWays", path: "Tests/CReadWays"),
        .executableTarget(
            name: "bypassio-readways", dependencies: ["CReadWays"], path: "Tests/ReadWays",
            swiftSettings: settings),
        // Black-box tests of a live mount: the service is the built command, in its own process.
        .testTarget(
            name: "MountedVolumeTests",
            dependencies: [
                "LinuxKit", "TestSupport", "bypassio", "bypassio-exerciser", "bypassio-readways",
                "FilterTutorial", "FilterMount",
                "BypassIOClient",
                "BypassIOProtocol", "CPosixCalls",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "BypassIOLabTests", dependencies: ["BypassIOLab", "BypassIOProtocol", "IOStack"],
            swiftSettings: settings),
        .testTarget(
            name: "GuardTests", dependencies: ["bypassio-guard"], swiftSettings: settings),
        .testTarget(
            name: "TerminalTests",
            dependencies: [
                "Terminal", .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "BypassIOBenchTests",
            dependencies: [
                "BypassIOBench", "CAllocationCounter", "Terminal",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: settings),
        // Reads the tree, not what is built of it: the rules of the house (docs/architecture.md).
        .testTarget(name: "TidyTests", swiftSettings: settings),
        .testTarget(
            name: "ServiceEventsTests",
            dependencies: ["ServiceEvents", "BypassIOProtocol"], swiftSettings: settings),
        .testTarget(
            name: "CommandTests",
            dependencies: ["LinuxKit", "TestSupport", "bypassio", "BypassIOProtocol"],
            swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)

if schedulesThreads || simulates {
    package.targets += [
        .target(name: "CCoroutines", path: "Tests/CCoroutines"),
        .target(
            name: "TestCoroutines", dependencies: ["CCoroutines"], path: "Tests/Coroutines",
            swiftSettings: settings),
    ]
}

if schedulesThreads {
    package.targets += [
        .executableTarget(
            name: "bypassio-interleavings",
            dependencies: [
                "IOStack", "BypassIOProtocol", "MemoryFileSystem", "TestCoroutines",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Tests/Interleavings", exclude: ["check"], swiftSettings: settings)
    ]
}

if simulates {
    package.targets += [
        .executableTarget(
            name: "bypassio-simulation",
            dependencies: [
                "BypassIOProtocol", "IOStack", "MemoryFileSystem", "FUSE", "BypassIOMount",
                "TestCoroutines", "TestMessages", "CPosixCalls",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Tests/Simulation", exclude: ["check"], swiftSettings: settings)
    ]
}

if simulates || fuzzes {
    // What a kernel says to a mount in memory.
    package.targets += [
        .target(
            name: "TestMessages",
            dependencies: ["FUSE", .product(name: "SystemPackage", package: "swift-system")],
            path: "Tests/Messages", swiftSettings: settings)
    ]
}

if fuzzes {
    // A program does not link what belongs to another program: here the command is a library.
    package.products.removeAll { $0.name == "bypassio" }
    package.targets = package.targets.map { target in
        guard target.name == "bypassio" else { return target }
        return .target(
            name: target.name, dependencies: target.dependencies,
            swiftSettings: settings + [
                .unsafeFlags([
                    "-Xfrontend", "-entry-point-function-name", "-Xfrontend", "bypassio_main",
                ])
            ])
    }
    package.targets += [
        .target(name: "CFuzzer", path: "Tests/Fuzzing/CFuzzer"),
        .executableTarget(
            name: "bypassio-fuzz",
            dependencies: [
                "CFuzzer", "BypassIOProtocol", "IOStack", "MemoryFileSystem", "Minifilters",
                "FUSE", "BypassIOMount", "BypassIOLab", "ControlInterface", "TestMessages",
                "HostFileSystem", "LinuxKit", "bypassio",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Tests/Fuzzing", exclude: ["CFuzzer", "check", "corpora"],
            swiftSettings: settings,
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])]),
    ]
}

// Builds no more than these test targets (names, a comma between them) and what they use: a step
// that runs few tests in a build folder of its own need not build the command for them.
if let names = Context.environment["BYPASSIO_TESTS"] {
    var kept = Set(names.split(separator: ",").map(String.init))
    var known = 0
    while kept.count > known {
        known = kept.count
        for target in package.targets where kept.contains(target.name) {
            for dependency in target.dependencies {
                switch dependency {
                case .targetItem(let name, _), .byNameItem(let name, _): kept.insert(name)
                default: break
                }
            }
        }
    }
    package.targets.removeAll { !kept.contains($0.name) }
    package.products.removeAll { product in
        guard let library = product as? Product.Library else { return true }
        return !kept.isSuperset(of: library.targets)
    }
}
