internal import Glibc
internal import SystemPackage

/// Waits for reads that had passed the gate when it was closed.
struct ReadDrain {
    /// Nobody answers to it: no file system has attributes of this kind.
    private static let attribute = Array("bypassio.drain".utf8)
    /// How long a thread that was let pass may take to run at all. Microseconds.
    private static let patience = 1_000_000
    private static let pause = 100

    private let file: FileDescriptor

    /// - Parameter file: O_PATH will do.
    init(of file: FileDescriptor) { self.file = file }

    func wait(for passed: consuming PassedReaders) {
        var passed = passed
        var waited = 0
        passed.removeGone()
        while !passed.isEmpty, waited < Self.patience {
            usleep(UInt32(Self.pause))
            waited += Self.pause
            passed.removeGone()
        }
        // From the gate to the file's lock or to sleep a read does not give up its processor. So
        // once this thread has run there, no read that had passed the gate is on the way.
        do throws(Errno) {
            try SystemCall.visitProcessors()
        } catch {
            try? SystemCall.waitForGracePeriod()
        }
        // Takes the file's lock for itself alone, finds nothing, and changes nothing.
        try? SystemCall.removeExtendedAttribute(Self.attribute, of: file)
    }
}
