internal import BypassIOProtocol
internal import IOStack
internal import SystemPackage

extension FilePath.Component {
    /// A name from the kernel: no slash, no NUL, neither "." nor "..".
    init(name: [UInt8]) throws(IOFailure) {
        guard let component = FilePath(bytes: name).lastComponent, component.kind == .regular
        else { throw IOFailure(.objectNameInvalid) }
        self = component
    }
}
