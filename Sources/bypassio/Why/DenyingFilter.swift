import BypassIOProtocol
import LinuxKit
import SystemPackage
import Terminal

/// The filter that keeps this process from a file of a mount: found by asking for the file once
/// more, while the requests of this process are traced.
struct DenyingFilter {
    let name: String
    let altitude: String?
    /// What the filter said of it last, such as its rule.
    let reason: String?

    /// nil where the path is on no mount that a witness could be had of, or no filter denies it.
    ///
    /// - Parameter witness: of before this process took another user's rights; nil: a new one.
    init?(_ path: FilePath, _ witness: DenialWitness?) {
        guard let witness = witness ?? DenialWitness(path) else { return nil }
        witness.awaitBegin()
        _ = try? SystemCall.status(of: path, followingLinks: false)
        if let file = try? SystemCall.open(path, .pathOnly) {
            _ = try? SystemCall.extendedAttribute(
                Array(StackReport.attribute.utf8), of: file.descriptor)
        }
        guard let denial = witness.denial() else { return nil }
        (name, altitude, reason) = denial
    }

    var words: String {
        let place = altitude.map { " at altitude \($0)" } ?? ""
        return "the filter \(name)\(place) denies it"
            + (reason.map { ". \($0.asSentence)" } ?? ".")
    }
}
