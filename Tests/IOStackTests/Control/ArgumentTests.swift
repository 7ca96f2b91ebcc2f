import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

/// The state that a refused control must not change.
private struct Snapshot: Equatable {
    let isEnabled: Bool
    let active: Int
    let isPaused: Bool
    let isStoragePaused: Bool
    let controls: [StorageBypassIOOperation]

    init(_ file: FileObject, _ memory: MemoryVolume) {
        isEnabled = file.isBypassEnabled
        active = memory.volume.activeBypassCount
        isPaused = file.stream.isPaused
        isStoragePaused = memory.volume.isStorageBypassPaused
        controls = memory.disk.controls
    }
}

@Suite("Arguments of the control, spec 6.3 and 6.4")
struct ArgumentTests {
    let memory = MemoryVolume()

    @Test("spec 6.3.1: an unknown control code is refused before anything else is looked at")
    func unknownCode() throws {
        let file = try memory.file()
        let codes = [
            ControlCode.storageManageBypassIO, ControlCode(rawValue: 0),
            ControlCode(rawValue: 0x9044C), ControlCode(rawValue: .max),
        ]
        for code in codes {
            for input in [[], try BypassIOOperation.enable.input()] {
                let (block, output) = file.send(input, outputLength: 352, code: code)
                #expect(block == IOStatusBlock(.invalidDeviceRequest))
                #expect(output.allSatisfy { $0 == 0xA5 })
            }
        }
        #expect(!file.isBypassEnabled)
    }

    @Test("spec 6.3.2: input shorter than 24 bytes comes before all its other faults")
    func shortInput() throws {
        let file = try memory.file()
        let state = Snapshot(file, memory)
        for length in 0..<24 {
            let input = Array(repeating: UInt8(0xFF), count: length)
            #expect(file.send(input, outputLength: 0).block == IOStatusBlock(.invalidBufferSize))
            let enable = Array(try BypassIOOperation.enable.input().prefix(length))
            #expect(file.send(enable, outputLength: 352).block == IOStatusBlock(.invalidBufferSize))
        }
        #expect(Snapshot(file, memory) == state)
    }

    @Test("spec 6.3.3: operation, flags and reserved fields come before the output's length")
    func invalidFields() throws {
        let file = try memory.file()
        let state = Snapshot(file, memory)
        var inputs: [[UInt8]] = []
        for number in [UInt32](arrayLiteral: 0, 9, 10, 0x100, .max) {
            inputs.append(try BypassIOOperation(rawValue: number).input())
        }
        for operation in BypassIOOperation.all {
            inputs += [
                try operation.input(flags: 2), try operation.input(flags: 0x8000_0000),
                try operation.input(flags: 3), try operation.input(reserved1: 1),
                try operation.input(reserved2: 1 << 63),
            ]
        }
        for input in inputs {
            for length in [0, 24, 352, 1000] {
                let (block, output) = file.send(input, outputLength: length)
                #expect(block == IOStatusBlock(.invalidParameter))
                #expect(output.allSatisfy { $0 == 0xA5 })
            }
        }
        #expect(Snapshot(file, memory) == state)
    }

    @Test("spec 6.3.4: output shorter than the operation's minimum changes nothing")
    func shortOutput() throws {
        let file = try memory.enabledFile()
        let other = try memory.volume.open("data", options: .nonCached)
        let state = Snapshot(file, memory)
        for operation in BypassIOOperation.all {
            let needed = try #require(operation.minimumOutputSize)
            for length in [0, 1, needed - 1] {
                for target in [file, other] {
                    let (block, output) = target.send(
                        try operation.input(), outputLength: length)
                    #expect(block == IOStatusBlock(.bufferTooSmall), "\(operation) \(length)")
                    #expect(output.allSatisfy { $0 == 0xA5 })
                }
            }
        }
        #expect(Snapshot(file, memory) == state)
        #expect(!other.isBypassEnabled)
    }

    @Test("spec 6.4: Information is the minimum, bytes past it stay, longer buffers are fine")
    func information() throws {
        let file = try memory.file()
        for operation in BypassIOOperation.all {
            let needed = try #require(operation.minimumOutputSize)
            for extra in [0, 1, 700] {
                let input = try operation.input() + Array(repeating: 0xEE, count: extra)
                let (block, output) = file.send(input, outputLength: needed + extra)
                #expect(block == IOStatusBlock(.success, information: needed), "\(operation)")
                #expect(output[needed...].allSatisfy { $0 == 0xA5 })
                let answer = try FSBypassIOOutput(decoding: output.span)
                #expect(answer.operation == operation)
                #expect(answer.reserved1 == 0 && answer.reserved2 == 0)
            }
        }
    }

    @Test("a closed file object answers STATUS_FILE_CLOSED")
    func closed() throws {
        let file = try memory.enabledFile()
        file.close()
        let block = file.send(try BypassIOOperation.query.input(), outputLength: 352).block
        #expect(block == IOStatusBlock(.fileClosed))
        #expect(failure { try file.bypassIO(.disable) } == .fileClosed)
    }

    @Test("spec 6.3: whatever bytes come, a documented status answers and nothing changes")
    func anyBytes() throws {
        let file = try memory.enabledFile()
        let cached = try memory.volume.open("data")
        let state = Snapshot(file, memory)
        var random = Seeded(state: 0x5EED)
        let documented: Set<NTStatus> = [
            .invalidBufferSize, .invalidParameter, .bufferTooSmall,
        ]
        for length in 0...600 {
            for outputLength in [0, 23, 24, 96, 351, 352, 600] {
                var input = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
                if length >= 24, random.next() % 2 == 0 {
                    // Resembles a valid input more, but is never valid.
                    for index in 0..<24 { input[index] = 0 }
                    input[0] = UInt8.random(in: 0...9, using: &random)
                    input[8 + Int(random.next() % 16)] = 1
                }
                let target = length % 2 == 0 ? file : cached
                let (block, output) = target.send(input, outputLength: outputLength)
                #expect(documented.contains(block.status) && block.information == 0)
                #expect(output.allSatisfy { $0 == 0xA5 })
            }
        }
        #expect(Snapshot(file, memory) == state)
    }
}

/// A generator with the same sequence in every run.
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ (state >> 29)
    }
}
