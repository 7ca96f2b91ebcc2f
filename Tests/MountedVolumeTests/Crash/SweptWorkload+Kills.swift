import Foundation
import Testing

/// Which kills a sweep tries.
extension SweptWorkload {
    /// How many calls lie between two kills: with BYPASSIO_TEST_SWEEP=1 none, and otherwise as many
    /// as a run of all tests has time for.
    static func stride(_ usual: Int) -> Int {
        ProcessInfo.processInfo.environment["BYPASSIO_TEST_SWEEP"].flatMap { Int($0) } ?? usual
    }

    /// Kills at the first call, and at each `stride`th after it, until an attempt gets through.
    ///
    /// - Parameter attempt: gets the call; whether the service was killed at it.
    func sweep(every stride: Int, _ attempt: (_ call: Int) throws -> Bool) throws {
        var call = 1
        var killed = 0
        while try attempt(call) {
            killed += 1
            call += stride
            try #require(call < 2000, "\(name): the service takes no end of calls")
        }
        #expect(killed > 0, "\(name): the service was killed nowhere")
    }
}
