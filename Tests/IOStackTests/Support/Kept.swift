import BypassIOProtocol
import IOStack

/// A request that a filter holds, with the filter's instance.
struct Kept: Sendable {
    let data: CallbackData
    let instance: FilterInstance

    init(_ data: CallbackData, _ instance: FilterInstance) {
        self.data = data
        self.instance = instance
    }

    @discardableResult
    func completePendedPreOperation(_ result: PreOperationResult) -> NTStatus {
        data.completePendedPreOperation(instance, result)
    }

    @discardableResult
    func completePendedPostOperation() -> NTStatus {
        data.completePendedPostOperation(instance)
    }
}
