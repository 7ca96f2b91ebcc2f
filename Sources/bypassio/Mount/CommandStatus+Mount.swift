import BypassIOMount
import FUSE
import HostFileSystem

extension CommandStatus {
    init(_ kind: MountError.Kind) {
        self =
            switch kind {
            case .noDevice, .helperMissing, .kernelTooOld, .transportNotOffered: .unavailable
            case .mountPointMissing, .mountPointNotDirectory, .mountPointBusy, .mountPointNotEmpty,
                .mountPointDead:
                .cannotCreate
            case .notMounted: .noInput
            case .inUse: .inUse
            case .notPermitted, .allowOtherRefused: .notPermitted
            case .handshakeFailed, .other: .internalError
            }
    }

    init(_ error: VolumeMountError) {
        switch error {
        case .mount(let error): self.init(error.kind)
        case .root: self = .noInput
        }
    }

    init(_ kind: HostVolumeError.Kind) {
        self =
            switch kind {
            case .directoryMissing, .notADirectory, .linksGoRound: .noInput
            case .notPermitted: .notPermitted
            case .mountTableUnreadable, .hostRefused: .internalError
            }
    }
}
