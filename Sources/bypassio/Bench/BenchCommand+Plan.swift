import ArgumentParser
import BypassIOBench
import Foundation
import SystemPackage
import Terminal

extension BenchCommand {
    func plan() throws -> BenchPlan {
        var plan = BenchPlan(program: FilePath(ChildProcess.ownProgram))
        plan.workloads = try workloads()
        plan.isOfKernelRoute = routes
        plan.dropsAllCaches = dropCaches
        plan.peers = try peers()
        plan.mountOptions = mountOptions
        plan.engine = engine.policy
        plan.commandLine = (["bypassio"] + CommandLine.arguments.dropFirst().map(Self.quoted))
            .joined(separator: " ")
        if routes { plan.seconds = 1 }
        if quick {
            plan.sizes = .quick
            plan.filterCounts = [0, 8]
            (plan.rounds, plan.seconds) = (1, 0.05)
        }
        if let rounds { plan.rounds = rounds }
        if let seconds { plan.seconds = seconds }
        if let size { plan.sizes.data = UInt64(size) << 20 }
        return plan
    }

    func workloads() throws -> [BenchWorkload] {
        let all = routes ? BenchWorkload.ofRoutes : BenchWorkload.all
        guard let only else { return all }
        let names = only.split(separator: ",").map(String.init)
        let known = all.map(\.name) + [Proof.name]
        let unknown = names.filter { !known.contains($0) }
        guard unknown.isEmpty, !names.isEmpty else {
            throw ValidationError(
                "There is no workload \(unknown.first ?? "in --only"); there are "
                    + known.joined(separator: ", ") + ".")
        }
        return all.filter { names.contains($0.name) }
    }

    var isProofWanted: Bool {
        guard let only else { return quick && !routes }
        return only.split(separator: ",").contains { $0 == Proof.name }
    }

    func peers() throws -> [BenchPlan.Peer] {
        try peer.map { text in
            let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else {
                throw ValidationError("--peer \(text): write NAME=PATH.")
            }
            return BenchPlan.Peer(name: parts[0], path: Self.absolute(parts[1]))
        }
    }

    /// Quotes a word for the shell.
    private static func quoted(_ word: String) -> String {
        let isPlain = word.unicodeScalars.allSatisfy {
            $0.properties.isAlphabetic || $0.properties.numericType != nil
                || "-_./,=+:@%".contains(Character($0))
        }
        return isPlain && !word.isEmpty
            ? word : "'" + word.replacing("'", with: "'\\''") + "'"
    }

    static func absolute(_ path: String) -> FilePath {
        FilePath(URL(fileURLWithPath: path).path)
    }
}
