import BypassIOProtocol

@testable import ControlInterface

/// Any bytes are a request's head within its limits, or a fault of the client with its status.
enum RequestHeadHarness: Harness {
    static let name = "head"
    private static let bodyLimit = 65536

    static func attempt(_ input: [UInt8]) {
        do throws(ControlFault) {
            let head = try RequestHead(input[...], bodyLimit: bodyLimit)
            demand((0...bodyLimit).contains(head.bodyLength), "a body is within its limit")
            demand(!head.method.isEmpty && !head.path.isEmpty, "a request names what it wants")
            demand(
                !head.headers.contains { $0.name.isEmpty || $0.value.contains("\r") },
                "a header is one line with a name")
        } catch {
            demand((400..<600).contains(error.status), "a fault has a status of HTTP")
        }
    }
}
