import CFuzzer
import Glibc

/// `bypassio-fuzz HARNESS [libFuzzer's arguments]`: tries inputs that reach ever more of the code.
///
/// `bypassio-fuzz --list` prints the harnesses' names.
@main
enum FuzzCommand {
    private static let harnesses: [any Harness.Type] = [
        MessageHarness.self, ControlHarness.self, QueueHarness.self, DecoderHarness.self,
        ScenarioHarness.self, RequestHeadHarness.self, ProfileHarness.self, StateHarness.self,
        KernelTextHarness.self, SettingsHarness.self, AuditHarness.self, PortHarness.self,
    ]
    /// libFuzzer calls a C function, which captures nothing. Written before the driver begins.
    nonisolated(unsafe) fileprivate static var chosen: any Harness.Type = DecoderHarness.self

    static func main() {
        let arguments = CommandLine.arguments
        if arguments.dropFirst() == ["--list"] {
            for harness in harnesses { print(harness.name) }
            exit(0)
        }
        let named = arguments.dropFirst().first.flatMap(harness)
        guard let chosen = named ?? harness(Self.inherited ?? "") else {
            print("usage: bypassio-fuzz HARNESS [ARGUMENT...]; --list names the harnesses")
            exit(64)
        }
        // libFuzzer starts the program again, without the name, where it merges inputs.
        _ = unsafe setenv(Self.variable, chosen.name, 1)
        unsafe Self.chosen = chosen
        exit(drive([arguments[0]] + arguments.dropFirst(named == nil ? 1 : 2)))
    }

    private static let variable = "BYPASSIO_HARNESS"

    private static var inherited: String? {
        unsafe getenv(variable).map { unsafe String(cString: $0) }
    }

    private static func harness(_ name: String) -> (any Harness.Type)? {
        harnesses.first { $0.name == name }
    }

    private static func drive(_ arguments: [String]) -> Int32 {
        var pointers = unsafe arguments.map { unsafe strdup($0) } + [nil]
        var count = Int32(arguments.count)
        return unsafe pointers.withUnsafeMutableBufferPointer { buffer in
            var start = buffer.baseAddress
            return unsafe LLVMFuzzerRunDriver(&count, &start, tryInput)
        }
    }
}

/// libFuzzer's own main function, which its library brings along, names this function; so the name
/// has to be there.
@_cdecl("LLVMFuzzerTestOneInput")
func tryInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> Int32 {
    let input = unsafe [UInt8](UnsafeBufferPointer(start: data, count: size))
    unsafe FuzzCommand.chosen.attempt(input)
    return 0
}
