import CPosixCalls
import Foundation

/// A time that utimensat(2) sets.
enum TimeValue: CustomStringConvertible, Sendable {
    case at(seconds: Int64, nanoseconds: Int64 = 0)
    case now, omit

    var raw: call_time {
        switch self {
        case .at(let seconds, let nanoseconds):
            call_time(seconds: seconds, nanoseconds: nanoseconds)
        case .now: call_time(seconds: 0, nanoseconds: Int64(CALL_UTIME_NOW))
        case .omit: call_time(seconds: 0, nanoseconds: Int64(CALL_UTIME_OMIT))
        }
    }

    var description: String {
        switch self {
        case .at(let seconds, let nanoseconds): "\(seconds).\(nanoseconds)"
        case .now: "now"
        case .omit: "omit"
        }
    }
}

extension ConformanceDirectory {
    /// utimensat(2).
    @discardableResult
    func setTimes(
        _ name: FileName, accessed: TimeValue, modified: TimeValue, noFollow: Bool = false
    ) -> Answer {
        let both = [accessed.raw, modified.raw]
        let flags = noFollow ? CALL_AT_SYMLINK_NOFOLLOW : 0
        return note(
            "utimensat \(name) \(accessed) \(modified)\(noFollow ? " not following" : "")",
            answer: unsafe call_utimens(name.bytes, both, flags))
    }

    /// utimensat(2) without times, which sets the present time.
    @discardableResult
    func touch(_ name: FileName) -> Answer {
        note("utimensat \(name) NULL", answer: unsafe call_utimens(name.bytes, nil, 0))
    }

    /// Records the times that were set explicitly; "recent" for those that the clock set.
    func times(_ name: FileName) {
        fact("times of", of: name) { status in
            let texts = [("atime", status.raw.accessed), ("mtime", status.raw.modified)].map {
                "\($0.0) \(Self.text($0.1))"
            }
            return texts.joined(separator: ", ")
        }
    }

    private static func text(_ time: call_time) -> String {
        let age = Int64(Date().timeIntervalSince1970) - time.seconds
        return abs(age) < 600 ? "recent" : "\(time.seconds).\(time.nanoseconds)"
    }

    /// Records which times of each name the body changed. The access and modification times are old
    /// before, so that relatime does not hide a read.
    func timesChanged(of names: FileName..., by body: () -> Void) {
        unrecorded {
            for name in names {
                setTimes(
                    name, accessed: .at(seconds: 1_000_000_000),
                    modified: .at(seconds: 1_000_000_100),
                    noFollow: true)
            }
        }
        let before = names.map { Stamps(of: $0) }
        // Longer than a tick of the kernel's clock for files.
        usleep(12_000)
        body()
        for (name, before) in zip(names, before) {
            note("times changed of \(name)", Stamps.difference(before, Stamps(of: name)))
        }
    }

    /// Records whether the modification and the change time moved.
    func modificationChanged(of name: FileName, by body: () -> Void) {
        let before = Stamps(of: name)
        usleep(12_000)
        body()
        let words = Stamps.difference(before, Stamps(of: name)).split(separator: " ")
        note("modification of \(name)", words.filter { $0 != "atime" }.joined(separator: " "))
    }

    /// Does the same for a file that has another name afterwards.
    func timesChangedByMove(from old: FileName, to new: FileName, by body: () -> Void) {
        let before = Stamps(of: old)
        usleep(12_000)
        body()
        note("times changed of \(old) as \(new)", Stamps.difference(before, Stamps(of: new)))
    }

    func keepingBirthTime(_ name: FileName, by body: () -> Void) {
        let before = Stamps(of: name).born
        usleep(12_000)
        body()
        note("birth time of \(name)", Stamps(of: name).born == before ? "kept" : "changed")
    }
}

/// A name's times.
private struct Stamps {
    let status: FileStatus?

    init(of name: FileName) {
        status = try? FileStatus.of(name, flags: CALL_AT_SYMLINK_NOFOLLOW).get()
    }

    var born: [Int64] {
        status.map { [$0.raw.born.seconds, $0.raw.born.nanoseconds] } ?? []
    }

    static func difference(_ old: Stamps, _ new: Stamps) -> String {
        guard let old = old.status?.raw, let new = new.status?.raw else { return "not there" }
        var changed: [String] = []
        if !same(old.accessed, new.accessed) { changed.append("atime") }
        if !same(old.modified, new.modified) { changed.append("mtime") }
        if !same(old.changed, new.changed) { changed.append("ctime") }
        return changed.isEmpty ? "none" : changed.joined(separator: " ")
    }

    private static func same(_ one: call_time, _ other: call_time) -> Bool {
        one.seconds == other.seconds && one.nanoseconds == other.nanoseconds
    }
}
