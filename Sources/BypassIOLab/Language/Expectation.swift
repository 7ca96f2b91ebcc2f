public import BypassIOProtocol
public import IOStack

/// An answer that a step must give.
public enum Expectation: Sendable, Equatable {
    // MARK: How a request ended

    /// STATUS_SUCCESS, and no veto in OpStatus.
    case success
    /// The request as a whole ended with this status.
    case status(NTStatus)
    /// STATUS_SUCCESS with this status in OpStatus.
    case vetoed(NTStatus)
    /// The Win32 number of the veto, otherwise of the status.
    case win32(UInt32)
    /// The driver that vetoed; nil is the file system, whose name differs on a mount.
    case driver(String?)
    case reason(String)
    case information(Int)
    case flags(BypassIOOutputFlags)
    case activeCount(UInt32)
    case storageDriver(String)
    case bytes(at: Int, [UInt8])
    /// The output buffer's bytes from here on are unchanged.
    case untouched(from: Int)

    // MARK: Transfers

    case transferred(Int)
    case route(ReadRoute)
    /// One of them.
    case cause(Set<TraditionalCause>)

    // MARK: What is seen from outside

    case count(Int)
    case bypassOpenCount(Int)
    case paused(Bool)
    case enabled(Bool)
    /// nil: nothing suspends the stream.
    case suspended(StreamSuspension?)
    case waiting
}

extension Expectation {
    /// In the words of the language.
    var text: String {
        switch self {
        case .success: "success"
        case .status(let status): "\(status)"
        case .vetoed(let status): "vetoed \(status)"
        case .win32(let number): "win32 \(number)"
        case .driver(let name): "driver " + (name.map { "\"\($0)\"" } ?? "file-system")
        case .reason(let reason): "reason \"\(reason)\""
        case .information(let count): "information \(count)"
        case .flags(let flags): "flags \(Vocabulary.words(for: flags))"
        case .activeCount(let count): "count \(count)"
        case .storageDriver(let name): "storage-driver \"\(name)\""
        case .bytes(let offset, let bytes):
            "bytes at \(offset) = " + bytes.map { Self.hexadecimal($0) }.joined(separator: " ")
        case .untouched(let offset): "untouched from \(offset)"
        default: stateText
        }
    }

    private var stateText: String {
        switch self {
        case .transferred(let count): "\(count) bytes"
        case .route(let route): Vocabulary.words(for: route)
        case .cause(let causes): "because \(Vocabulary.word(for: causes))"
        case .count(let count): "\(count)"
        case .bypassOpenCount(let count): "open-count \(count)"
        case .paused(let isPaused): isPaused ? "paused" : "not paused"
        case .enabled(let isEnabled): isEnabled ? "enabled" : "not enabled"
        case .suspended(let cause):
            cause.map { "suspended by \(Vocabulary.words(for: $0))" } ?? "not suspended"
        default: "still waiting"
        }
    }

    private static func hexadecimal(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16, uppercase: true)
        return digits.count == 1 ? "0" + digits : digits
    }

    /// Whether it states the end of the request, so that success is not demanded as well.
    var tellsTheEnd: Bool {
        switch self {
        case .success, .status, .vetoed, .win32, .driver, .reason, .waiting: true
        default: false
        }
    }
}
