import Foundation
import Testing

extension MountedVolume {
    /// Every operation and errno, on ext4 and on the mount: the outcomes are the same.
    @Suite struct Conformance {
        /// Longer than any case takes: a case that takes longer hangs.
        private static let limit: Double = 30

        @Test(arguments: ConformanceAreas.all)
        func mountAnswersAsExt4(_ area: ConformanceArea) throws {
            let mount = try LiveMount()
            let transcript = Transcript()
            for (number, name) in area.cases.keys.sorted().enumerated() {
                guard let body = area.cases[name] else { continue }
                guard mount.serviceIsRunning || !MountCommand.chosen.hasService else {
                    Issue.record("the service ended: \(mount.serviceMessages)")
                    return
                }
                let pair = try CasePair(number, in: mount)
                let goesOn = compare("\(area.name)/\(name)", body, pair, mount, transcript)
                guard goesOn else { return }
            }
            mount.stop()
        }

        /// False if the mount hangs, so that no further case can run.
        private func compare(
            _ name: String, _ body: @escaping ConformanceCase, _ pair: CasePair,
            _ mount: LiveMount, _ transcript: Transcript
        ) -> Bool {
            let limit = Conformance.limit
            let direct = ConformanceRun.record(
                of: body, in: pair.direct, backing: pair.direct, within: limit)
            guard let direct else {
                Issue.record("\(name): hangs on ext4 itself")
                return false
            }
            guard
                let mounted = ConformanceRun.record(
                    of: body, in: pair.mounted, backing: pair.backing, within: limit),
                let seen = ConformanceRun.snapshot(
                    of: pair.mounted, withTimes: true, within: limit)
            else {
                mount.killService()
                Issue.record("\(name): hangs on the mount; \(mount.serviceMessages)")
                return false
            }
            transcript.add(name, direct)
            let trees = [pair.direct, pair.backing].map {
                TreeSnapshot(of: $0, withTimes: false).lines
            }
            let behind = TreeSnapshot(of: pair.backing, withTimes: true).lines
            let findings = [
                ConformanceRun.difference(direct, mounted, names: ("ext4 ", "mount")),
                ConformanceRun.difference(trees[0], trees[1], names: ("ext4 tree", "mount's tree")),
                ConformanceRun.difference(behind, seen, names: ("backing tree", "seen by mount")),
            ]
            report(findings.compactMap(\.self), in: name)
            return true
        }

        private func report(_ findings: [String], in name: String) {
            let text = findings.joined(separator: "\n")
            guard let reason = KnownDifference.reason(for: name) else {
                if !text.isEmpty { Issue.record("\(name)\n\(text)") }
                return
            }
            withKnownIssue("\(name): \(reason)", isIntermittent: true) {
                if !text.isEmpty { Issue.record("\(name)\n\(text)") }
            }
        }

        @Test func everyKnownDifferenceNamesACase() {
            let names = Set(
                ConformanceAreas.all.flatMap { area in area.cases.keys.map { "\(area.name)/\($0)" }
                })
            for known in KnownDifference.all {
                #expect(names.contains(known.name), "no such case: \(known.name)")
            }
        }
    }
}

/// A case's two fresh directories: one on ext4 itself, and one on the mount.
struct CasePair {
    let direct: String
    let mounted: String
    /// The mounted directory, seen on ext4 itself.
    let backing: String

    init(_ number: Int, in mount: LiveMount) throws {
        direct = try mount.folder.makeFolder("ext4/\(number)")
        backing = try mount.folder.makeFolder("source/\(number)")
        mounted = "\(mount.mountpoint)/\(number)"
    }
}

/// ext4's answers, for a person: BYPASSIO_TEST_TRANSCRIPT names the file.
final class Transcript {
    private let file = ProcessInfo.processInfo.environment["BYPASSIO_TEST_TRANSCRIPT"]

    func add(_ name: String, _ lines: [String]) {
        guard let file else { return }
        let text = "== \(name)\n" + lines.map { "   \($0)\n" }.joined()
        if !FileManager.default.fileExists(atPath: file) {
            _ = FileManager.default.createFile(atPath: file, contents: nil)
        }
        guard let handle = FileHandle(forWritingAtPath: file) else { return }
        defer { try? handle.close() }
        _ = try? handle.seekToEnd()
        try? handle.write(contentsOf: Data(text.utf8))
    }
}
