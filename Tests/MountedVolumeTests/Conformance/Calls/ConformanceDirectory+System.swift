import CPosixCalls
import Foundation

/// File systems, watches, handles, inode flags.
extension ConformanceDirectory {
    /// Long enough for a companion to reach the call that is to wait.
    func pause() { usleep(50_000) }

    /// Records the part of statfs(2)'s answer that does not change from call to call.
    func volumeFacts(_ name: FileName) {
        var volume = call_volume()
        let answer = Answer(unsafe call_statfs(name.bytes, &volume))
        guard !answer.isError else { return note("statfs \(name)", answer) }
        let words = [
            "block \(volume.block_size)", "fragment \(volume.fragment_size)",
            "blocks \(volume.blocks)", "files \(volume.files)", "name \(volume.name_length)",
            "some free \(volume.blocks_available > 0 && volume.files_free > 0)",
            "free fit \(volume.blocks_available <= volume.blocks_free)",
        ]
        note("statfs \(name)", words.joined(separator: ", "))
    }

    /// Calls name_to_handle_at(2), and open_by_handle_at(2) with its result.
    func openByHandle(_ name: FileName) {
        var handle = [UInt8](repeating: 0, count: Int(CALL_HANDLE_BYTES))
        let answer = Answer(unsafe call_name_to_handle(name.bytes, &handle))
        note("name_to_handle_at \(name)", answer)
        guard !answer.isError else { return }
        let mount = Answer(unsafe call_open(".", 0, 0))
        let file = Answer(unsafe call_open_by_handle(mount.descriptor, &handle, 0))
        note("open_by_handle_at \(name)", file.withoutValue)
        _ = call_close(mount.descriptor)
        OpenFile(name: "\(name)", descriptor: file.descriptor, record: self).stat()
    }

    /// Records inotify(7)'s events of the body in order, a repeated event once.
    func watch(_ name: FileName, _ body: () -> Void) {
        let queue = Answer(call_inotify())
        let watch = Answer(unsafe call_inotify_add(queue.descriptor, name.bytes, 0xFFF))
        note("watch \(name)", watch.withoutValue)
        body()
        var buffer = [UInt8](repeating: 0, count: 65536)
        let answer = Answer(unsafe call_read(queue.descriptor, &buffer, buffer.count))
        note("events of \(name)", answer.isError ? "\(answer)" : Self.events(buffer, answer.count))
        _ = call_close(queue.descriptor)
    }

    /// struct inotify_event: wd, mask, cookie, length (32 bits each), the name.
    private static func events(_ bytes: [UInt8], _ count: Int) -> String {
        func word(_ place: Int) -> UInt32 {
            bytes[place..<place + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) }
        }
        var texts: [String] = []
        var place = 0
        while place + 16 <= count {
            let length = Int(word(place + 12))
            let name = bytes[place + 16..<place + 16 + length].prefix { $0 != 0 }
            let mask = String(word(place + 4), radix: 16)
            let text = "\(mask) \(String(decoding: name, as: UTF8.self))"
            if texts.last != text { texts.append(text) }
            place += 16 + length
        }
        return texts.joined(separator: ", ")
    }

    /// Runs the body while the inode has the flag of FS_IOC_SETFLAGS, set behind the mount.
    func withInodeFlag(_ flag: UInt32, on name: String, _ body: () -> Void) {
        let file = Answer(unsafe call_open("\(backing)/\(name)", 0, 0))
        var flags = [UInt32](repeating: 0, count: 2)
        note("get flags", answer: unsafe call_ioctl(file.descriptor, 0x8008_6601, &flags))
        var changed = [flags[0] | flag, 0]
        note("set flags", answer: unsafe call_ioctl(file.descriptor, 0x4008_6602, &changed))
        body()
        note("restore flags", answer: unsafe call_ioctl(file.descriptor, 0x4008_6602, &flags))
        _ = call_close(file.descriptor)
    }

    /// Copies like cp: calls copy_file_range until no bytes come.
    func copyAll(_ from: OpenFile, to: OpenFile) {
        var total: Int64 = 0
        var last = Answer(1)
        while last.value > 0, total < 1 << 30 {
            last = Answer(
                call_copy_file_range(from.descriptor, -1, to.descriptor, -1, 1 << 30, 0))
            total += max(0, last.value)
        }
        note("copied all of [\(from.name)]", last.isError ? "\(last) after \(total)" : "\(total)")
    }
}

extension OpenFile {
    /// Sends an ioctl whose argument is the other file's descriptor.
    func fileControl(_ what: String, _ request: UInt64, of other: OpenFile) {
        let argument = unsafe UnsafeMutableRawPointer(bitPattern: Int(other.descriptor))
        note("ioctl \(what)", unsafe call_ioctl(descriptor, request, argument))
    }
}
