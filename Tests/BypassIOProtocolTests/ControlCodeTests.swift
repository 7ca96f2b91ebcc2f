import BypassIOProtocol
import Testing

@Suite("Control codes")
struct ControlCodeTests {
    @Test("spec 1.1: FSCTL_MANAGE_BYPASS_IO is 0x00090448, function 274, buffered, any access")
    func fileSystemControl() {
        let code = ControlCode.manageBypassIO
        #expect(code.rawValue == 0x0009_0448)
        #expect(code.rawValue == 590_920)
        #expect(code.deviceType == .fileSystem)
        #expect(code.deviceType.rawValue == 9)
        #expect(code.function == 274)
        #expect(code.method == .buffered)
        #expect(code.access == .any)
        #expect(code.name == "FSCTL_MANAGE_BYPASS_IO")
        #expect(code.description == "FSCTL_MANAGE_BYPASS_IO")
    }

    @Test("spec 1.1: IOCTL_STORAGE_MANAGE_BYPASS_IO is 0x002D08C0, function 560, buffered")
    func storageControl() {
        let code = ControlCode.storageManageBypassIO
        #expect(code.rawValue == 0x002D_08C0)
        #expect(code.rawValue == 2_951_360)
        #expect(code.deviceType == .massStorage)
        #expect(code.function == 560)
        #expect(code.method == .buffered)
        #expect(code.access == .any)
        #expect(code.name == "IOCTL_STORAGE_MANAGE_BYPASS_IO")
    }

    @Test("spec 1.1: the wrong values of public headers come apart into what they really say")
    func wrongValues() {
        let neither = ControlCode(rawValue: 0x0009_02F3)
        #expect(neither.function == 188)
        #expect(neither.method == .neither)
        let integrity = ControlCode(rawValue: 0x0009_C280)
        #expect(integrity.function == 160)
        #expect(integrity.access == .readWrite)
        for code in [neither, integrity, ControlCode(rawValue: 0x9_0280)] {
            #expect(code != .manageBypassIO)
            #expect(code.name == nil)
        }
        #expect(neither.description == "0x000902F3")
    }

    @Test("Taking a code apart and packing it again gives the same code")
    func roundTrip() {
        let samples: [UInt32] = [0, 1, 2, 3, 0x4000, 0x8000, 0xC000, 0x3FFC, 0xFFFF_0000]
        for raw in samples + [0x9_0448, 0x2D_08C0, 0xDEAD_BEEF, .max] {
            let code = ControlCode(rawValue: raw)
            let packed = ControlCode(
                deviceType: code.deviceType, function: code.function, method: code.method,
                access: code.access)
            #expect(packed == code)
        }
    }

    @Test("A function number of more than 12 bits does not spill into the access bits")
    func functionMasked() {
        let code = ControlCode(
            deviceType: .disk, function: 0xF112, method: .buffered, access: .any)
        #expect(code.function == 0x112)
        #expect(code.access == .any)
        #expect(code.deviceType == .disk)
    }
}
