import IOStack
import Minifilters

/// The filters that can be named on the command line.
enum ShippedFilter: String, CaseIterable {
    case readaudit
    case contentscan
    case accessheat

    var registration: FilterRegistration {
        switch self {
        case .readaudit: ReadAudit().registration
        case .contentscan: ContentScanner(signatures: []).registration
        case .accessheat: AccessHeat().registration
        }
    }
}
