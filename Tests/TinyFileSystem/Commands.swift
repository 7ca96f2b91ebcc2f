import FUSE
import FUSERing
import SystemPackage

/// A test's commands, a line each; each gets a line as its answer.
struct Commands {
    let mounted: MountedSession
    let state: State
    let backing: Backing?

    func answer(_ line: String) -> String {
        let words = line.split(separator: " ").map(String.init)
        switch words.first {
        case "threads": return "\(mounted.session.threadCount)"
        case "transport": return mounted.session.usesRing ? "ring" : "device"
        case "bursts": return "\(mounted.session.bursts)"
        case "channels": return "\(mounted.session.channelCount)"
        case "counts": return state.summary
        case "begun": return "\(backing?.begun ?? 0) \(backing?.ended ?? 0)"
        case "agreed":
            guard let agreed = mounted.session.connection.negotiation else { return "nothing" }
            return "\(agreed.minor) \(agreed.flags.rawValue) \(agreed.maximumWrite)"
        case "greet":
            state.change(Tree.greeting.node) {
                $0 = Array(words.dropFirst().joined(separator: " ").utf8)
            }
            return "ok"
        case "open":
            state.open()
            return "ok"
        case "unmount":
            return outcome { () throws(MountError) in try mounted.unmount() }
        case "abort":
            mounted.abort()
            return "ok"
        default:
            return notify(words)
        }
    }

    private func notify(_ words: [String]) -> String {
        let notifier = mounted.session.notifier
        let (verb, name) = (words.first ?? "", words.count > 1 ? words[1] : "")
        return outcome { () throws(Errno) in
            switch verb {
            case "forget-data": try notifier.invalidate(node: NodeID(UInt64(name) ?? 0))
            case "forget-attributes":
                try notifier.invalidate(node: NodeID(UInt64(name) ?? 0), offset: -1)
            case "forget-name": try notifier.invalidate(name: Array(name.utf8), in: .root)
            case "expire-name":
                try notifier.invalidate(name: Array(name.utf8), in: .root, expireOnly: true)
            case "deleted":
                let node = Tree.files.first { $0.name == name }?.node ?? NodeID(99)
                try notifier.deleted(name: Array(name.utf8), of: node, in: .root)
            case "forget-all": try notifier.invalidateAllNames()
            case "resend": try notifier.resendUnanswered()
            default: throw .noFunction
            }
        }
    }

    private func outcome<E: Error>(_ body: () throws(E) -> Void) -> String {
        do throws(E) {
            try body()
            return "ok"
        } catch {
            if let errno = error as? Errno { return "errno \(errno.rawValue)" }
            return "failed \(error)"
        }
    }
}
