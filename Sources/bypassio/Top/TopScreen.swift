import Glibc
import SystemPackage
import Terminal

/// The terminal while `top` has it: without echo, on its second screen. One thread.
final class TopScreen {
    private var before = termios()
    private let isTerminal: Bool

    init() {
        isTerminal = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1
        guard isTerminal else { return }
        unsafe tcgetattr(STDIN_FILENO, &before)
        var raw = before
        raw.c_lflag &= ~tcflag_t(ICANON | ECHO)
        unsafe tcsetattr(STDIN_FILENO, TCSANOW, &raw)
        write("\u{1B}[?1049h\u{1B}[?25l")
        // Ctrl-C ends the loop like q: the terminal must be given back.
        _ = signal(SIGINT) { _ in unsafe TopScreen.isInterrupted = 1 }
        _ = signal(SIGTERM) { _ in unsafe TopScreen.isInterrupted = 1 }
    }

    /// Written by a signal handler alone.
    nonisolated(unsafe) private static var isInterrupted: sig_atomic_t = 0

    /// Gives the terminal back.
    func end() {
        guard isTerminal else { return }
        write("\u{1B}[?25h\u{1B}[?1049l")
        unsafe tcsetattr(STDIN_FILENO, TCSANOW, &before)
    }

    /// Columns and rows as they are now.
    var width: Int { max(20, Int(size.ws_col)) }
    var height: Int { max(6, Int(size.ws_row)) }

    private var size: winsize {
        var size = winsize(ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0)
        _ = unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size)
        if size.ws_col == 0 { size.ws_col = 80 }
        if size.ws_row == 0 { size.ws_row = 24 }
        return size
    }

    /// Each line to its end, and nothing below.
    func draw(_ lines: [String]) {
        let text = lines.map { $0 + "\u{1B}[K" }.joined(separator: "\r\n")
        write("\u{1B}[H" + text + "\u{1B}[J")
    }

    /// Takes the keys that were pressed since; false to end.
    func handleKeys(_ view: inout TopView) -> Bool {
        guard isTerminal else { return true }
        while unsafe Self.isInterrupted == 0 {
            var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
            guard unsafe poll(&input, 1, 0) > 0 else { return true }
            var key: UInt8 = 0
            guard unsafe read(STDIN_FILENO, &key, 1) == 1 else { return false }
            switch key {
            case UInt8(ascii: "q"): return false
            case UInt8(ascii: "p"), UInt8(ascii: " "): view.isStopped.toggle()
            case UInt8(ascii: "f"): view.showsSlowOnly.toggle()
            default: break
            }
        }
        return false
    }

    private func write(_ text: String) {
        StandardOutput.write(text, to: .standardOutput)
    }
}
