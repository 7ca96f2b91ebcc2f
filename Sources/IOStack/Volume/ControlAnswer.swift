import BypassIOProtocol

/// The file system's answer to a BypassIO control.
///
/// Small, because success is by far the commonest answer: a verdict takes 330 bytes on the wire,
/// which a success need not carry from function to function.
enum ControlAnswer: Hashable {
    /// Success. For an operation with results the output is a verdict without a veto, for others
    /// the header alone.
    case success
    /// An ENABLE that changed nothing, because the stack changed after it went down. It is sent
    /// again, unless that happened too often (``EnableTicket``).
    indirect case outdated(BypassIOResults)
    indirect case results(BypassIOResults)
    indirect case info(BypassIOInfo)

    /// nil: no layer vetoes.
    init(_ veto: BypassVeto?) {
        self = veto.map { .results($0.results) } ?? .success
    }

    var isOutdated: Bool {
        if case .outdated = self { true } else { false }
    }

    /// The control's output, as it is on the wire.
    ///
    /// - Throws: `WireError` if `operation` has no such answer.
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
