import IOStack
import LinuxKit
import Scanning
import SystemPackage

/// The settings of the filter `scan` as somebody wrote them.
struct ScanWords {
    /// Debian's, and clamd's own default since 1.0.
    private static let usualSocket = "/run/clamav/clamd.ctl"

    private(set) var settings = ScanSettings()
    private(set) var socket = FilePath(usualSocket)
    private(set) var scanTime: Duration = .seconds(120)
    private var quarantinePath: FilePath?
    private var storePath: String?

    /// Throws a ``CommandError``.
    init(_ values: [(key: String, value: String)]) throws {
        for (key, value) in values { try take(key, value) }
        let wantsFolder = settings.action == .quarantine
        guard wantsFolder == (quarantinePath != nil) else {
            throw CommandError(
                .usage,
                wantsFolder
                    ? "action=quarantine wants a directory: quarantine=DIR."
                    : "quarantine=DIR goes with action=quarantine.")
        }
    }

    private mutating func take(_ key: String, _ value: String) throws {
        switch key {
        case "socket":
            // As long as an address of unix(7) can be.
            guard 1...107 ~= value.utf8.count else {
                throw CommandError(.usage, "socket=\(value): name a path of 1 to 107 bytes.")
            }
            socket = ArgumentPath.path(value)
        case "action": settings.action = try Self.choice(key, value)
        case "quarantine": quarantinePath = ArgumentPath.path(value)
        case "fail": settings.failure = try Self.choice(key, value)
        case "large": settings.large = try Self.choice(key, value)
        case "wait": settings.patience = try Self.time(key, value, 1...600)
        case "timeout": scanTime = try Self.time(key, value, 1...3600)
        case "maxsize": settings.largest = try UndoSize.bytes(key, value)
        case "connections": settings.width = try Self.number(key, value, 1...64)
        case "verdicts": settings.verdicts = try Self.number(key, value, 16...4_194_304)
        case "store": storePath = value
        case "exclude":
            guard let pattern = PathPattern(value) else {
                throw CommandError(
                    .usage, "exclude=\(value): write a pattern, such as logs/** or *.iso.")
            }
            settings.excluded.append(pattern)
        default:
            throw CommandError(
                .usage,
                "\(key) is for a filter that is attached: bypassio set scan \(key)=\(value) "
                    + "MOUNTPOINT.")
        }
    }

    private static func choice<Choice: RawRepresentable & CaseIterable>(
        _ key: String, _ value: String
    ) throws -> Choice where Choice.RawValue == String {
        guard let choice = Choice(rawValue: value) else {
            let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw CommandError(.usage, "\(key)=\(value): write one of \(known).")
        }
        return choice
    }

    private static func number(
        _ key: String, _ value: String, _ range: ClosedRange<Int>
    ) throws -> Int {
        guard let number = Int(value), range.contains(number) else {
            throw CommandError(
                .usage,
                "\(key)=\(value): name a number from \(range.lowerBound) to \(range.upperBound).")
        }
        return number
    }

    private static func time(
        _ key: String, _ value: String, _ range: ClosedRange<Int>
    ) throws -> Duration {
        let digits = value.hasSuffix("s") ? String(value.dropLast()) : value
        guard let seconds = Int(digits), range.contains(seconds) else {
            throw CommandError(
                .usage,
                "\(key)=\(value): name seconds from \(range.lowerBound) to \(range.upperBound).")
        }
        return .seconds(seconds)
    }

    // MARK: Places

    /// nil: verdicts end with the mount. Throws a ``CommandError``.
    func store(
        for source: FilePath?, complain: @escaping @Sendable (String) -> Void
    ) throws -> VerdictStore? {
        guard storePath != "none" else { return nil }
        let isNamed = storePath != nil
        guard let path = storePath.map({ ArgumentPath.path($0) }) ?? Self.ownStore(of: source)
        else { return nil }
        try Self.check(path.removingLastComponent(), "store", outside: source)
        do throws(VerdictStore.Refusal) {
            return try VerdictStore(path, capacity: settings.verdicts, complain: complain)
        } catch {
            let advice = isNamed ? "name another" : "name one: store=FILE"
            throw CommandError(
                .cannotCreate,
                "scan cannot keep verdicts: \(error.words); \(advice), or store=none.")
        }
    }

    /// In the state directory, a file for each SOURCE; nil where the user has none.
    private static func ownStore(of source: FilePath?) -> FilePath? {
        guard let source, let real = try? SystemCall.realPath(source),
            let folder = StateFolder.own
        else { return nil }
        var place = FilePath(folder.root?.string ?? "/")
        for name in folder.components + [FilePath.Component("scan")].compactMap(\.self) {
            place.append(name)
            try? SystemCall.makeDirectory(place, mode: 0o700)
        }
        let name = String(VerdictStore.sum(of: real.string), radix: 16)
        return place.appending("\(name).verdicts")
    }

    /// Throws a ``CommandError``.
    func quarantine(outside source: FilePath?) throws -> QuarantineFolder? {
        guard let path = quarantinePath else { return nil }
        try Self.check(path, "quarantine", outside: source)
        do throws(QuarantineFault) {
            return try QuarantineFolder(path)
        } catch {
            throw CommandError(.cannotCreate, "scan cannot use its quarantine: \(error.words).")
        }
    }

    /// Programs on the mount must not get at it.
    private static func check(
        _ folder: FilePath, _ key: String, outside source: FilePath?
    ) throws {
        guard let source, let real = try? SystemCall.realPath(source),
            let place = try? SystemCall.realPath(folder.isEmpty ? "." : folder),
            place.starts(with: real)
        else { return }
        throw CommandError(
            .usage, "\(key): \(folder) lies within the mounted directory: name a place outside.")
    }
}
