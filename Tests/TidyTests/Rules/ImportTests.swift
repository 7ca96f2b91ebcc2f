import Testing

/// Each target keeps to its column "must not know" in docs/architecture.md.
struct ImportTests {
    /// The imports of each target of Sources, bottom up. IOStack, and targets that build on it
    /// alone, know no Linux: neither Glibc nor the kernel's files.
    private static let allowed: [String: Set<String>] = [
        "Locks": ["Glibc"],
        "LinuxKit": ["CKernelABI", "Glibc", "SystemPackage"],
        "BypassIOProtocol": [],
        "ServiceEvents": [
            "BypassIOProtocol", "DequeModule", "Dispatch", "Foundation", "LinuxKit", "Locks",
            "SystemPackage",
        ],
        "IOStack": [
            "BypassIOProtocol", "DequeModule", "Dispatch", "Synchronization", "SystemPackage",
        ],
        "DirectRead": ["Glibc", "LinuxKit", "Locks", "SystemPackage"],
        "HostFileSystem": [
            "BypassIOProtocol", "CKernelABI", "DirectRead", "Dispatch", "Glibc", "IOStack",
            "LinuxKit", "Synchronization", "SystemPackage",
        ],
        "MemoryFileSystem": [
            "BypassIOProtocol", "Dispatch", "IOStack", "Synchronization", "SystemPackage",
        ],
        "FUSE": [
            "CKernelABI", "Glibc", "LinuxKit", "Locks", "Synchronization", "SystemPackage",
        ],
        "FUSERing": [
            "CKernelABI", "FUSE", "Glibc", "LinuxKit", "Locks", "Synchronization", "SystemPackage",
        ],
        "BypassIOMount": [
            "BypassIOProtocol", "FUSE", "FoundationEssentials", "Glibc", "IOStack", "LinuxKit",
            "Locks",
            "Synchronization", "SystemPackage",
        ],
        "BypassIOClient": ["BypassIOProtocol", "CBypassIO", "SystemPackage"],
        "ControlInterface": [
            "BypassIOProtocol", "DequeModule", "FlyingFox", "FlyingSocks", "Foundation",
            "Glibc",
            "LinuxKit", "Locks", "SystemPackage",
        ],
        "FilterKit": ["BypassIOProtocol", "IOStack", "Locks", "SystemPackage"],
        "Minifilters": [
            "BypassIOProtocol", "Dispatch", "FilterKit", "FoundationEssentials", "IOStack",
            "Synchronization", "SystemPackage",
        ],
        "Encryption": [
            "BypassIOProtocol", "Crypto", "CryptoExtras", "FilterKit", "FoundationEssentials",
            "Glibc", "IOStack", "SystemPackage",
        ],
        "Scanning": [
            "BypassIOProtocol", "Dispatch", "FilterKit", "FoundationEssentials", "Glibc",
            "IOStack", "LinuxKit", "Locks", "SystemPackage",
        ],
        "VolumeDrivers": ["BypassIOProtocol", "IOStack", "Synchronization"],
        "BypassIOLab": [
            "BypassIOProtocol", "Dispatch", "IOStack", "MemoryFileSystem", "SystemPackage",
        ],
        "Terminal": ["Foundation", "Glibc", "SystemPackage"],
        "BypassIOBench": [
            "BypassIOClient", "BypassIOProtocol", "CKernelABI", "DirectRead", "Foundation", "Glibc",
            "HostFileSystem", "IOStack", "LinuxKit", "Minifilters", "Synchronization",
            "SystemPackage", "Terminal",
        ],
        "bypassio": [
            "ArgumentParser", "BypassIOBench", "BypassIOClient", "BypassIOLab", "BypassIOMount",
            "BypassIOProtocol", "CBypassIO", "CKernelABI", "ControlInterface", "Crypto",
            "DirectRead",
            "Dispatch", "Encryption", "FUSE", "FUSERing", "FilterKit", "Foundation", "Glibc",
            "HostFileSystem",
            "IOStack", "LinuxKit", "Locks", "Logging",
            "Minifilters", "Scanning", "ServiceEvents", "Synchronization", "SystemPackage",
            "Terminal",
            "VolumeDrivers",
        ],
    ]

    /// Imports that break the table, each with its use. The list can only shrink.
    private static let exceptions = [
        "Sources/IOStack/Concurrency/Guarded.swift Glibc": "the mutex",
        "Sources/IOStack/Model/Requests/IOBuffer.swift Glibc": "memcpy",
        "Sources/IOStack/Filtering/Request/SpareRequest.swift Glibc": "the thread's own storage",
        "Sources/MemoryFileSystem/Disk/ThreadIdentity.swift Glibc": "pthread_self",
        "Sources/MemoryFileSystem/Disk/ThreadIdentity.swift Musl": "pthread_self",
        "Sources/MemoryFileSystem/Disk/ThreadIdentity.swift Darwin": "pthread_self",
        "Sources/Minifilters/ContentScanner/ContentScanner.swift Glibc": "the clock",
    ]

    /// Targets that know no Linux, and so no path of Linux.
    private static let withoutLinux = [
        "BypassIOProtocol", "IOStack", "MemoryFileSystem", "FilterKit", "Minifilters",
        "VolumeDrivers", "BypassIOLab",
    ]

    /// Paths in those targets, each with its use. The list can only shrink.
    private static let pathExceptions = [
        "Sources/BypassIOLab/Run/CarryingThread.swift /proc/thread-self/stat": "does a thread sleep"
    ]

    private static let sources = Tree.own.files(below: "Sources").filter {
        $0.path.hasSuffix(".swift")
    }

    @Test("each target imports only the modules that the table allows")
    func imports() {
        var findings: [Finding] = []
        var used: Set<String> = []
        for one in Self.sources.flatMap(\.imports) {
            let target = one.path.split(separator: "/").dropFirst().first.map(String.init) ?? ""
            used.insert("\(target) \(one.module)")
            if Self.allowed[target]?.contains(one.module) == true { continue }
            findings.append(
                Finding(
                    path: one.path, line: one.line, fault: "\(target) must not know \(one.module)",
                    remedy: "Ask for it through a target that may know it (docs/architecture.md).",
                    key: "\(one.path) \(one.module)"))
        }
        KnownFindings(Array(Self.exceptions.keys)).expectExactly(findings)
        let stale = Self.allowed.flatMap { target, modules in modules.map { "\(target) \($0)" } }
        expectNone(
            stale.filter { !used.contains($0) }.sorted().map { entry in
                Finding(
                    path: Tree.relative(#filePath), fault: "stale: nothing imports \"\(entry)\"",
                    remedy: "Take it out of the table.")
            })
    }

    @Test("targets that know no Linux name none of its paths")
    func paths() {
        var findings: [Finding] = []
        let folders = Self.withoutLinux.map { "Sources/\($0)/" }
        for file in Self.sources where folders.contains(where: file.path.hasPrefix) {
            for token in file.tokens where token.kind == .string {
                let prefixes = ["/proc/", "/sys/", "/dev/", "/etc/", "/run/"]
                guard prefixes.contains(where: token.text.hasPrefix) else { continue }
                findings.append(
                    Finding(
                        path: file.path, line: token.line,
                        fault: "\(token.text) is Linux, which this target does not know",
                        remedy: "Have it handed in by a target that does.",
                        key: "\(file.path) \(token.text)"))
            }
        }
        KnownFindings(Array(Self.pathExceptions.keys)).expectExactly(findings)
    }
}
