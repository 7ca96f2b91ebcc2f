import Testing

@testable import bypassio_guard

/// Lines as strace 6.13 writes them.
@Suite("What the regression guard reads in a trace")
struct TraceTextTests {
    /// Threads 11 and 12 carry requests, thread 20 watches the disk.
    private let service = TraceText(
        #"""
        11 restart_syscall(<... resuming interrupted read ...> <unfinished ...>
        12 read(6,  <unfinished ...>
        20 read(7, "\x54\x00\x00\x00\x03\x00\x18\x00"..., 65536) = 84
        20 clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=0, tv_nsec=10000000}, NULL) = 0
        11 <... restart_syscall resumed>) = 64
        12 <... read resumed>"\x2c\x00\x00\x00\x01\x00\x00\x00"..., 1048656) = 44
        12 statx(5, "\x6e\x31", AT_SYMLINK_NOFOLLOW, STATX_ALL, {stx_mask=STATX_ALL, ...}) = 0
        12 write(6, "\x90\x00\x00\x00\x00\x00\x00\x00"..., 144) = 144
        11 read(6, "\x50\x00\x00\x00\x0f\x00\x00\x00"..., 1048656) = 80
        11 write(6, "\x10\x10\x00\x00\x00\x00\x00\x00"..., 4112) = 4112
        11 read(6, "\x50\x00\x00\x00\x0f\x00\x00\x00"..., 1048656) = -1 EINTR (Interrupted system call)
        11 --- SIGRT_30 {si_signo=SIGRT_30, si_code=SI_TKILL, si_pid=9, si_uid=0} ---
        11 +++ exited with 0 +++
        """#)

    @Test("a request is a read whose bytes begin with the length that it returned")
    func requests() {
        #expect(service.requestsByOpcode == [1: 1, 15: 1])
    }

    @Test("only calls of threads that carry requests are counted, each once")
    func calls() {
        #expect(service.callsOfCarriers == 6)
    }

    @Test("a program's calls are those between the markers")
    func markers() {
        let program = TraceText(
            """
            openat(AT_FDCWD, "\\x61", O_RDONLY) = 3
            close(-7001) = -1 EBADF (Bad file descriptor)
            pread64(3, "\\x07\\x07"..., 4096, 0) = 4096
            pread64(3, "\\x07\\x07"..., 4096, 4096) = 4096
            close(-7001) = -1 EBADF (Bad file descriptor)
            close(3) = 0
            """)
        #expect(program.callsBetweenMarkers == 2)
        #expect(TraceText("close(3) = 0").callsBetweenMarkers == nil)
    }
}
