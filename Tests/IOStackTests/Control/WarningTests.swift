import BypassIOProtocol
import IOStack
import MemoryFileSystem
import Testing

@Suite("Controls of a filter's own")
struct WarningTests {
    @Test("A control that ends with a warning gives its output and the warning")
    func warning() throws {
        let memory = MemoryVolume()
        let warning = NTStatus(rawValue: 0x8000_0005)
        try memory.attach(
            filter(
                "warner", at: "100",
                OperationRegistration(
                    .fileSystemControl,
                    preOperation: { data, _ in
                        data.ioStatus = IOStatusBlock(warning, information: 3)
                        data.result = .bytes([1, 2, 3])
                        return .complete
                    })))
        let file = try memory.file()
        let (block, output) = file.send([], outputLength: 4, code: ControlCode(rawValue: 0x9_0000))
        #expect(block == IOStatusBlock(warning, information: 3))
        #expect(output == [1, 2, 3, 0xA5])
    }
}
