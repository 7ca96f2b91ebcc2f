import BypassIOMount
import BypassIOProtocol
import ControlInterface
import IOStack

/// Requests on their way through the layers, for who looks.
extension LiveVolume {
    func beginTrace(_ order: TraceOrder) throws(ControlFault) -> any RunningTrace {
        var filter = TraceFilter(process: order.process)
        if let text = order.path {
            guard let pattern = PathPattern(text) else {
                throw ControlFault(
                    400, "malformed-query",
                    "The pattern of paths is empty, has more than \(PathPattern.longest) characters, "
                        + "or a set without an end."
                )
            }
            filter.path = pattern
        }
        do throws(TraceRefusal) {
            return try mounted.beginTrace(filter)
        } catch {
            switch error {
            case .tooMany(let most):
                throw ControlFault(
                    503, "too-many-traces", "The mount is traced \(most) times already.",
                    advice: "Try again when one of these has ended.")
            case .unobserved, .ended:
                throw ControlFault(503, "not-served", "The mount is served no more.")
            }
        }
    }
}

extension RequestTrace: RunningTrace {}
