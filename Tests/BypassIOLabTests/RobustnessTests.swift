import Testing

@testable import BypassIOLab

@Suite("Whatever the bytes, a scenario is read or refused")
struct RobustnessTests {
    @Test("A scenario with everything in it, cut at every byte")
    func truncatedEverywhere() {
        let bytes = Array(StarterScenario.text.utf8)
        for count in 0..<bytes.count {
            _ = faults(String(decoding: bytes.prefix(count), as: UTF8.self))
        }
    }

    @Test("Every scenario, cut anywhere", arguments: ShippedFiles.all)
    func truncated(_ file: ShippedFiles.File) {
        let bytes = Array(file.text.utf8)
        // Every byte of so many files would take a minute.
        for count in stride(from: file.path.utf8.count % 13, to: bytes.count, by: 13) {
            let found = faults(String(decoding: bytes.prefix(count), as: UTF8.self))
            #expect(found.allSatisfy { $0.position.line > 0 && $0.position.column > 0 })
        }
    }

    @Test("Every scenario with bytes and lines changed", arguments: ShippedFiles.all)
    func mutated(_ file: ShippedFiles.File) {
        var random = RandomNumbers(seed: UInt64(file.text.utf8.count))
        let bytes = Array(file.text.utf8)
        for _ in 0..<40 {
            var changed = bytes
            for _ in 0...random.below(4) {
                let place = random.below(changed.count)
                switch random.below(4) {
                case 0: changed[place] = UInt8(random.below(256))
                case 1: changed.remove(at: place)
                case 2: changed.insert(UInt8(random.below(256)), at: place)
                default:
                    let end = min(changed.count, place + random.below(40))
                    changed += changed[place..<end]
                }
                if changed.isEmpty { break }
            }
            _ = faults(String(decoding: changed, as: UTF8.self))
        }
    }

    @Test("Mutated scenarios that can still be read are played to an end")
    func played() {
        var random = RandomNumbers(seed: 7)
        var runner = ScenarioRunner()
        runner.patience = 1
        var count = 0
        for file in ShippedFiles.all.prefix(40) {
            var lines = file.text.split(separator: "\n", omittingEmptySubsequences: false)
            // Removes or repeats a step: held requests stay held, files close early.
            guard let start = lines.firstIndex(of: "steps") else { continue }
            let place = start + 1 + random.below(lines.count - start - 1)
            if random.below(2) == 0 {
                lines.remove(at: place)
            } else {
                lines.insert(lines[start + 1 + random.below(lines.count - start - 1)], at: place)
            }
            let text = lines.joined(separator: "\n")
            guard let scenario = try? Scenario(parsing: text, file: file.path) else { continue }
            _ = runner.runInProcess(scenario)
            count += 1
        }
        #expect(count > 10)
    }

    @Test("Random bytes")
    func random() {
        var random = RandomNumbers(seed: 1)
        for _ in 0..<500 {
            let bytes = (0..<random.below(200)).map { _ in UInt8(random.below(256)) }
            #expect(!faults(String(decoding: bytes, as: UTF8.self)).isEmpty)
        }
    }
}

/// The same numbers in every run.
struct RandomNumbers {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func below(_ limit: Int) -> Int {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Int(truncatingIfNeeded: state >> 1) % max(1, limit)
    }
}
