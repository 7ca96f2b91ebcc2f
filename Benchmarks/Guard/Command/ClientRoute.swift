/// A fixed workload of a program on a mount.
enum ClientRoute: String, CaseIterable {
    case cachedRead = "mount, read 1 MiB, traditional, cached"
    case directRead = "mount, read, traditional, O_DIRECT"
    case bypassedRead = "mount, read, service bypass"
    case kernelRead = "mount, read, kernel route"
    case lookup = "mount, lookup"
    case stat = "mount, stat"
    case openAndClose = "mount, open and close"
    case kernelOpenAndClose = "mount, open and close, kernel route"

    static let pageSize = 4096
    /// Files in the folder that the name routes use.
    static let names = 400

    /// A fixed validity of names and attributes. The default depends on the age of the files and so
    /// on the speed of the run.
    var mountOptions: String {
        let bypass =
            switch self {
            // Allows the kernel route for files of every size.
            case .kernelRead, .kernelOpenAndClose: "bypass=auto,auto_size=0"
            default: "bypass=request"
            }
        return "\(bypass),entry_timeout=3600,attr_timeout=3600"
    }

    /// Operations of one run.
    var operations: Int {
        switch self {
        case .cachedRead: 16
        case .directRead, .bypassedRead, .kernelRead: 1000
        case .lookup, .stat, .openAndClose, .kernelOpenAndClose: Self.names
        }
    }

    /// Reads of one page per operation.
    var pages: Int { self == .cachedRead ? 256 : 1 }

    /// Whether a run works on `file`, not on the folder `names`.
    var readsFile: Bool {
        switch self {
        case .cachedRead, .directRead, .bypassedRead, .kernelRead: true
        case .lookup, .stat, .openAndClose, .kernelOpenAndClose: false
        }
    }
}
