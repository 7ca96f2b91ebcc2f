import ArgumentParser
import DirectRead

/// The mechanism that carries the bench's own O_DIRECT reads.
enum BenchEngine: String, ExpressibleByArgument, CaseIterable {
    case automatic
    case ring
    case threads

    var policy: ReadEngines.Policy {
        switch self {
        case .automatic: .automatic
        case .ring: .ring
        case .threads: .threadPool
        }
    }

    /// Throws the reason why the requested engine is unavailable here, before any write.
    func check() throws {
        do throws(ReadEngineError) {
            try ReadEngines.make(depth: 1, slotSize: 4096, policy: policy).close()
        } catch {
            throw CommandError(
                .internalError, "\(error); leave out --engine to read by what is allowed.")
        }
    }
}
