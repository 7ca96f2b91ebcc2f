import CGuardedStretch
import GuardedRoutes

/// Runs every route within the process once, for callgrind: see the command's ``InstructionCount``.
///
///     bypassio-guard-routes OPERATIONS [ROUTE]
@main
enum RunRoutes {
    /// The code of one stretch, and its error.
    private struct Stretch {
        let route: InProcessRoute
        let operations: Int
        var failure: (any Error)?

        mutating func run() {
            do {
                try route.run(operations)
            } catch {
                failure = error
            }
        }
    }

    static func main() throws {
        let operations = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 1000
        let wanted = CommandLine.arguments.dropFirst(2).first
        for route in try InProcessRoute.all() where wanted == nil || wanted == route.name {
            try route.run(operations)
            var stretch = Stretch(route: route, operations: operations)
            unsafe withUnsafeMutablePointer(to: &stretch) { place in
                unsafe guarded_stretch(
                    { unsafe $0.assumingMemoryBound(to: Stretch.self).pointee.run() }, place)
            }
            if let failure = stretch.failure { throw failure }
        }
    }
}
