import CPosixCalls
import Foundation
import LinuxKit
import SystemPackage

/// The leftovers of tests: folders with the mounts in them, and process groups.
///
/// A test removes its own when the last reference to them goes, also when it throws. If the tests
/// end before that, because they crashed, were killed, or a thread hangs with the last reference, a
/// shell that outlives them removes the rest. Any thread may call.
package enum Leftovers {
    /// Notes a folder that must not outlast the tests.
    package static func note(folder: String) { heir.tell("+ folder \(folder)") }

    /// Notes a process group whose leader runs.
    package static func note(group: Int64) { heir.tell("+ group \(group)") }

    /// Forgets a group whose leader was waited for: another process may get the number from now on.
    package static func forget(group: Int64) { heir.tell("- group \(group)") }

    /// Notes a disk in memory, `/dev/zram` with this number.
    package static func note(memoryDisk number: Int) { heir.tell("+ disk \(number)") }

    /// Unmounts a disk in memory and takes it away.
    package static func remove(memoryDisk number: Int, mountedAt place: String) {
        if mountPoints(in: place).contains(place) { unmount(place) }
        run("/bin/sh", "-c", takeAwayDisk, "sh", "\(number)")
        if unsafe access("/sys/block/zram\(number)", F_OK) != 0 { heir.tell("- disk \(number)") }
    }

    /// The kernel lets go of a file system a little after its unmount. At most ten seconds.
    fileprivate static let takeAwayDisk = #"""
        for round in $(seq 100); do
            echo 1 > "/sys/block/zram$1/reset" && break
            sleep 0.1
        done 2> /dev/null
        echo "$1" > /sys/class/zram-control/hot_remove
        """#

    /// Unmounts everything at the folder and below, and removes it with its content. Never removes
    /// through a mount that stays.
    package static func remove(folder: String) {
        for place in mountPoints(in: folder) { unmount(place) }
        if mountPoints(in: folder).isEmpty {
            try? FileManager.default.removeItem(atPath: folder)
        } else {
            run("/usr/bin/rm", "-rf", "--one-file-system", folder)
        }
        if unsafe access(folder, F_OK) != 0 { heir.tell("- folder \(folder)") }
    }

    /// The mounts at a path and below, the last mount first.
    package static func mountPoints(in folder: String) -> [String] {
        (KernelFile.text("/proc/self/mountinfo") ?? "").split(separator: "\n").reversed()
            .compactMap { line in
                let fields = line.split(separator: " ")
                guard fields.count > 4 else { return nil }
                let place = unescaped(fields[4])
                return place == folder || place.hasPrefix(folder + "/") ? place : nil
            }
    }

    /// The table writes blanks and the like as a backslash and three octal digits.
    private static func unescaped(_ field: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(field.utf8)[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            guard byte == UInt8(ascii: "\\"), digits.count == 3,
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
            else {
                bytes.append(byte)
                continue
            }
            bytes.append(value)
            rest = rest.dropFirst(3)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func unmount(_ place: String) {
        let lazily: Int32 = 2
        if unsafe call_umount(place, lazily) != 0 {
            run("/usr/bin/fusermount3", "-u", "-z", place)
        }
    }

    private static func run(_ program: String, _ arguments: String...) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return }
        process.waitUntilExit()
    }

    private static let heir = Heir()
}

/// The shell that waits for the end of the tests.
private final class Heir: Sendable {
    private let socket: Int32

    init() {
        socket = Int32(clamping: unsafe call_start_heir(Self.script))
    }

    /// A line is one write, so lines of several threads do not mix.
    func tell(_ line: String) {
        guard socket >= 0 else { return }
        let text = Array((line + "\n").utf8CString.dropLast())
        _ = unsafe call_tell(socket, text, text.count)
    }

    private static let script = "take_away() {\n\(Leftovers.takeAwayDisk)\n}\n" + rest

    private static let rest = #"""
        trap '' INT TERM HUP
        left=$(awk '
            /^\+/ { left[substr($0, 3)] = 1 }
            /^-/ { delete left[substr($0, 3)] }
            END { for (what in left) print what }')
        each() { printf '%s\n' "$left" | sed -n "s/^$1 //p"; }
        each group | while read -r group; do kill -s KILL -- "-$group"; done
        each folder | while IFS= read -r folder; do
            awk -v at="$folder" 'index($5 "/", at "/") == 1 { print $5 }' /proc/self/mountinfo |
                sed 's/\\\([0-7]\)/\\0\1/g' | sort -r | while IFS= read -r place; do
                    place=$(printf '%b' "$place")
                    umount -l "$place" || fusermount3 -u -z "$place"
                done
            rm -rf --one-file-system "$folder"
        done
        each disk | while read -r disk; do take_away "$disk"; done
        """#
}
