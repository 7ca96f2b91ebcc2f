import BypassIOProtocol
import IOStack
import MemoryFileSystem
import Minifilters
import SystemPackage

/// Opens, reads, writes, controls with any bytes, filters that come and go, layers that refuse:
/// whatever the order, a read returns the bytes last written, and the last close leaves no bypass.
enum ControlHarness: Harness {
    static let name = "control"

    static func attempt(_ input: [UInt8]) {
        var run = ControlRun()
        var choices = Choices(input)
        for _ in 0..<128 where !choices.isAtEnd { run.step(&choices) }
        run.end()
    }
}

private struct ControlRun {
    private static let size = 65536
    private static let page = 4096

    private let memory: MemoryVolume
    private let driver = ScriptedVolumeDriver(name: "driver")
    private var files: [FileObject] = []
    private var filters: [FilterInstance] = []
    private var contents = [UInt8](repeating: 1, count: size)
    private var altitude: UInt = 100_000

    init() {
        memory = MemoryVolume(drivers: [driver], suspensionPolicy: .strict)
        guard
            let file = try? memory.volume.open(
                "file", access: [.read, .write], disposition: .create)
        else { fatalError("an empty volume takes a file") }
        demand((try? file.write(contents, at: 0)) == Self.size, "an empty volume takes bytes")
        file.close()
    }

    mutating func step(_ choices: inout Choices) {
        switch choices.byte() % 13 {
        case 0: open([.read], &choices)
        case 1: open([.read, .write], &choices)
        case 2: close(&choices)
        case 3, 4: read(&choices)
        case 5: write(&choices)
        case 6: control(.manageBypassIO, Self.wellFormed(&choices), &choices)
        case 7: control(.manageBypassIO, choices.bytes(atMost: 32), &choices)
        case 8:
            let code = ControlCode(rawValue: UInt32(choices.number(4)))
            control(code, choices.bytes(atMost: 32), &choices)
        case 9: attach(&choices)
        case 10: detach(&choices)
        case 11: fail(&choices)
        default:
            driver.supportsBypassIO = choices.byte() & 1 == 0
            driver.veto = choices.byte() & 3 == 0 ? StorageVeto(.notSupported, reason: "no") : nil
        }
    }

    mutating func end() {
        for file in files { file.close() }
        demand(memory.volume.activeBypassCount == 0, "the last close leaves no bypass")
        (memory.disk.readErrno, memory.disk.writeErrno) = (nil, nil)
        guard let file = try? memory.volume.open("file", access: [.read]) else {
            fatalError("the file can be opened at the end")
        }
        demand((try? file.read(at: 0, length: Self.size)) == contents, "nothing is lost")
        file.close()
        demand((try? memory.manager.dismount(memory.volume)) != nil, "no file stays open")
    }

    private mutating func open(_ access: CreateParameters.Access, _ choices: inout Choices) {
        guard files.count < 16 else { return }
        let uncached = choices.byte() & 1 == 0
        if let file = try? memory.volume.open("file", access: access) {
            if uncached { file.declareUncached() }
            files.append(file)
        }
    }

    private mutating func close(_ choices: inout Choices) {
        guard !files.isEmpty else { return }
        files.remove(at: Int(choices.byte()) % files.count).close()
    }

    private func read(_ choices: inout Choices) {
        guard let file = choices.element(of: files) else { return }
        let offset = Int(choices.byte()) * 512
        let length = Int(choices.byte()) * 512
        guard let bytes = try? file.read(at: UInt64(offset), length: length) else { return }
        let start = min(offset, Self.size)
        let expected = contents[start..<min(Self.size, start + length)]
        demand(bytes.elementsEqual(expected), "a read returns the bytes last written")
    }

    private mutating func write(_ choices: inout Choices) {
        guard let file = choices.element(of: files) else { return }
        let start = Int(choices.byte()) % (Self.size / Self.page) * Self.page
        let bytes = [UInt8](repeating: choices.byte(), count: Self.page)
        guard let count = try? file.write(bytes, at: UInt64(start)) else { return }
        contents.replaceSubrange(start..<start + count, with: bytes.prefix(count))
    }

    /// An `FS_BPIO_INPUT` with any operation and few flags.
    private static func wellFormed(_ choices: inout Choices) -> [UInt8] {
        [choices.byte() % 9, 0, 0, 0, choices.byte() & 3, 0, 0, 0]
            + [UInt8](repeating: 0, count: 16)
    }

    private func control(_ code: ControlCode, _ input: [UInt8], _ choices: inout Choices) {
        guard let file = choices.element(of: files) else { return }
        var output = [UInt8](repeating: 0xEE, count: Int(choices.byte()) * 2)
        let room = output.count
        var span = output.mutableSpan
        let answer = file.fsControl(code, input: input.span, output: &span)
        demand(Int(answer.information) <= room, "an answer fits its buffer")
        demand(
            output.dropFirst(Int(answer.information)).allSatisfy { $0 == 0xEE },
            "the rest of the buffer stays")
    }

    /// The disk fails reads, or writes, or none.
    private func fail(_ choices: inout Choices) {
        let errno = Int32(choices.byte() & 127) + 1
        memory.disk.readErrno = choices.byte() & 1 == 0 ? nil : errno
        memory.disk.writeErrno = choices.byte() & 1 == 0 ? nil : errno
    }

    private mutating func attach(_ choices: inout Choices) {
        guard filters.count < 8 else { return }
        altitude += 1
        let registration =
            choices.byte() & 1 == 0
            ? NoOpFilter(altitude: Altitude(integer: altitude)).registration
            : FilterRegistration(
                name: "vetoes-\(altitude)", altitude: Altitude(integer: altitude),
                supportedFeatures: choices.byte() & 1 == 0 ? .bypassIO : [], operations: [],
                kernelReads: .unwatched)
        if let instance = try? memory.attach(registration) { filters.append(instance) }
    }

    private mutating func detach(_ choices: inout Choices) {
        guard !filters.isEmpty else { return }
        let instance = filters.remove(at: Int(choices.byte()) % filters.count)
        _ = try? memory.manager.filterManager.detach(instance)
    }
}
