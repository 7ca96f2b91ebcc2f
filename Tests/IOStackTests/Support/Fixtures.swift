import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

/// The notes of callbacks, in order.
final class Trace: Sendable {
    private let lines = Guarded<[String]>([])

    func note(_ line: String) { lines.withLock { $0.append(line) } }
    var notes: [String] { lines.withLock { $0 } }

    func take() -> [String] {
        lines.withLock { lines in
            defer { lines = [] }
            return lines
        }
    }
}

/// A value that callbacks on other threads set.
final class Box<Value: Sendable>: Sendable {
    fileprivate let content: Guarded<Value>
    init(_ value: Value) { content = Guarded(value) }
    var value: Value {
        get { content.withLock { $0 } }
        set { content.withLock { $0 = newValue } }
    }
}

extension Box {
    /// Atomic, unlike `value +=`: no addition of several threads gets lost.
    func change(_ body: (inout Value) -> Void) {
        content.withLock { value in
            var changed = value
            body(&changed)
            value = changed
        }
    }
}

extension Box<Int> {
    func add(_ amount: Int) { content.withLock { $0 += amount } }
}

func altitude(_ text: String) -> Altitude {
    guard let altitude = Altitude(text) else { preconditionFailure("no altitude: \(text)") }
    return altitude
}

/// A filter with these rows, opted in by default.
func filter(
    _ name: String, at place: String, features: FilterRegistration.Features = .bypassIO,
    contexts: Set<ContextKind> = [], _ operations: OperationRegistration...
) -> FilterRegistration {
    FilterRegistration(
        name: name, altitude: altitude(place), supportedFeatures: features,
        operations: operations, contexts: contexts)
}

/// A filter that notes every callback of the given functions as `name>` and `name<`.
func tracer(
    _ name: String, at place: String, _ trace: Trace, _ majors: [MajorFunction] = [.read],
    features: FilterRegistration.Features = .bypassIO
) -> FilterRegistration {
    let rows = majors.map { major in
        OperationRegistration(
            major,
            preOperation: { _, _ in
                trace.note("\(name)>")
                return .successWithCallback(.none)
            },
            postOperation: { _, _, _ in
                trace.note("\(name)<")
                return .finishedProcessing
            })
    }
    return FilterRegistration(
        name: name, altitude: altitude(place), supportedFeatures: features, operations: rows)
}

/// A filter that vetoes ENABLE and QUERY while a test asks it to, and lets everything else pass.
func vetoer(
    _ name: String, at place: String, while veto: Box<(NTStatus, String)?>
) -> FilterRegistration {
    filter(
        name, at: place,
        OperationRegistration(
            .fileSystemControl,
            preOperation: { data, instance in
                guard data.bypassIOQuestion != nil, let (status, reason) = veto.value else {
                    return .successNoCallback
                }
                data.vetoBypassIO(instance, status: status, reason: reason)
                return .complete
            }))
}

/// Bytes that depend on their place.
func pattern(_ count: Int, seed: UInt8 = 1) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ ($0 >> 8)) &+ seed }
}

extension MemoryVolume {
    /// Makes a file with `content` and opens it non-cached for reading.
    func file(
        _ name: String = "data", _ content: [UInt8] = pattern(8192),
        options: CreateParameters.Options = .nonCached, requestor: Requestor = .kernel
    ) throws -> FileObject {
        let made = try volume.open(
            FilePath(name), access: [.read, .write], disposition: .overwriteIf)
        try made.write(content, at: 0)
        made.close()
        return try volume.open(FilePath(name), options: options, requestor: requestor)
    }

    /// As ``file(_:_:options:requestor:)``, with bypass enabled.
    func enabledFile(
        _ name: String = "data", _ content: [UInt8] = pattern(8192)
    ) throws -> FileObject {
        let file = try self.file(name, content)
        let verdict = try file.bypassIO(.enable).results
        #expect(verdict?.status == .success)
        return file
    }
}

extension FileObject {
    /// Sends a raw control; the output starts out as 0xA5 in every byte.
    func send(
        _ input: [UInt8], outputLength: Int, code: ControlCode = .manageBypassIO,
        requestor: Requestor? = nil
    ) -> (block: IOStatusBlock, output: [UInt8]) {
        var output = [UInt8](repeating: 0xA5, count: outputLength)
        var span = output.mutableSpan
        let block = fsControl(code, input: input.span, output: &span, requestor: requestor)
        return (block, output)
    }

    func query(_ flags: BypassIOInputFlags = []) throws -> BypassIOResults {
        try #require(try bypassIO(.query, flags: flags).results)
    }

    /// The routes that at least one read took.
    var routes: [ReadRoute: UInt64] { readsByRoute.filter { $0.value > 0 } }
    var causes: [TraditionalCause: UInt64] { traditionalReadsByCause.filter { $0.value > 0 } }
}

extension BypassIOOperation {
    func input(
        flags: UInt32 = 0, reserved1: UInt64 = 0, reserved2: UInt64 = 0
    ) throws -> [UInt8] {
        try FSBypassIOInput(
            operation: self, flags: BypassIOInputFlags(rawValue: flags), reserved1: reserved1,
            reserved2: reserved2
        ).encodedBytes()
    }
}

/// The status with which an operation fails; nil if it succeeds.
func failure<R>(_ body: () throws -> R) -> NTStatus? {
    do {
        _ = try body()
        return nil
    } catch let failure as IOFailure {
        return failure.status
    } catch let status as NTStatus {
        return status
    } catch {
        Issue.record("not a status: \(error)")
        return nil
    }
}
