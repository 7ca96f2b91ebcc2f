import BypassIOProtocol

/// What the file system says to a BypassIO control.
///
/// Small, because a success is by far the commonest: the 330 bytes that a verdict takes on the wire
/// are not carried from function to function to say nothing.
enum ControlAnswer: Hashable {
    /// Success: of an operation with results a verdict that names nobody, of others the header
    /// alone.
    case success
    /// Of an ENABLE that changed nothing, because what it passed is not any more as it was: it is
    /// asked again, unless that happened too often (``EnableTicket``).
    indirect case outdated(BypassIOResults)
    indirect case results(BypassIOResults)
    indirect case info(BypassIOInfo)

    /// nil: nobody objects.
    init(_ veto: BypassVeto?) {
        self = veto.map { .results($0.results) } ?? .success
    }

    var isOutdated: Bool {
        if case .outdated = self { true } else { false }
    }

    /// The output of the control, as it is on the wire.
    ///
    /// - Throws: `WireError` if the answer is none that `operation` has.
    func encoded(
        for operation: BypassIOOperation, flags: BypassIOOutputFlags
    ) throws(WireError) -> [UInt8] {
        let body: FSBypassIOOutput.Body
        switch self {
        case .success: return try FSBypassIOOutput.success(of: operation, flags: flags)
        case .results(let results), .outdated(let results): body = .results(results)
        case .info(let info): body = .info(info)
        }
        return try FSBypassIOOutput(operation: operation, flags: flags, body: body).encodedBytes()
    }
}
