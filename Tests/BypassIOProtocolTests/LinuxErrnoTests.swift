import BypassIOProtocol
import Testing

@Suite("Statuses as Linux error numbers")
struct LinuxErrnoTests {
    /// The pairs of linux-interface 2; the numbers are from Linux's asm-generic/errno.h.
    static let pairs: [(NTStatus, Int32)] = [
        (.accessDenied, 13), (.objectNameNotFound, 2), (.objectPathNotFound, 2),
        (.objectNameCollision, 17), (.notADirectory, 20), (.fileIsADirectory, 21),
        (.directoryNotEmpty, 39), (.diskFull, 28), (.quotaExceeded, 122),
        (.mediaWriteProtected, 30), (.sharingViolation, 16), (.invalidParameter, 22),
        (.insufficientResources, 12), (.notSupported, 95), (.invalidDeviceRequest, 25),
        (.ioDeviceError, 5), (.dataError, 5), (.crcError, 5), (.virusInfected, 1),
        (.cancelled, 125), (.ioTimeout, 110), (.fileClosed, 9), (.tooManyOpenedFiles, 24),
        (.nameTooLong, 36), (.notSameDevice, 18), (.tooManyLinks, 31),
    ]

    @Test("linux-interface 2: each status becomes its errno", arguments: pairs.indices)
    func forward(index: Int) {
        let (status, errno) = Self.pairs[index]
        #expect(status.errno == errno)
    }

    @Test("linux-interface 2: each errno becomes a status that becomes the errno again")
    func backward() throws {
        for (_, errno) in Self.pairs {
            let status = try #require(NTStatus(errno: errno))
            #expect(status.errno == errno)
        }
        for status in NTStatus.listed {
            guard let errno = status.errno else { continue }
            #expect(NTStatus(errno: errno)?.errno == errno, "\(status)")
        }
    }

    @Test(
        "Where several statuses share an errno the plain one comes back",
        arguments: [
            (Int32(2), NTStatus.objectNameNotFound), (5, .ioDeviceError), (9, .fileClosed),
            (12, .insufficientResources), (13, .accessDenied), (16, .sharingViolation),
            (22, .invalidParameter), (95, .notSupported), (0, .success),
        ])
    func canonical(errno: Int32, status: NTStatus) {
        #expect(NTStatus(errno: errno) == status)
    }

    @Test("Success is 0; what has no counterpart is nil rather than a guess")
    func edges() {
        #expect(NTStatus.success.errno == 0)
        #expect(NTStatus.endOfFile.errno == nil)
        #expect(NTStatus.pending.errno == nil)
        #expect(NTStatus.fltDoNotAttach.errno == nil)
        for errno in [Int32(-1), 9999, .min, .max] {
            #expect(NTStatus(errno: errno) == nil)
        }
    }

    @Test("spec 2.1: what BypassIO refuses is EOPNOTSUPP to an ordinary operation")
    func refusals() {
        for (status, _, _, win32) in NTStatusTests.refusals where win32 != nil {
            let expected: Int32 =
                switch status {
                case .daxMappingExists: 16
                case .volumeWriteAccessDenied: 13
                default: 95
                }
            #expect(status.errno == expected, "\(status)")
        }
    }
}
