import IOStack

/// A file that is to be scanned, once for all that wait for it.
final class ScanJob: Sendable {
    let file: FileObject
    let context: ScannedFile
    let instance: FilterInstance
    /// On whose behalf, for the event that a finding makes; nil: nobody waits for it.
    let requestor: Requestor?

    /// - Parameter file: an open of the filter's own, which the job closes.
    init(
        _ file: FileObject, _ context: ScannedFile, _ instance: FilterInstance,
        _ requestor: Requestor?
    ) {
        self.file = file
        self.context = context
        self.instance = instance
        self.requestor = requestor
    }
}
