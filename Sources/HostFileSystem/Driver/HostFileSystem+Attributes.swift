public import IOStack
internal import LinuxKit
internal import SystemPackage

/// IRP_MJ_QUERY_EA and IRP_MJ_SET_EA.
extension HostFileSystem {
    public func attributeNames(of file: FileObject) throws(IOFailure) -> [[UInt8]] {
        try openFile(file).withDescriptor { (descriptor) throws(Errno) in
            try SystemCall.extendedAttributeNames(of: descriptor)
        }
    }

    /// `ENODATA` without that attribute.
    public func attribute(_ name: [UInt8], of file: FileObject) throws(IOFailure) -> [UInt8] {
        try openFile(file).withDescriptor { (descriptor) throws(Errno) in
            try SystemCall.extendedAttribute(name, of: descriptor)
        }
    }

    public func changeAttribute(
        _ name: [UInt8], of file: FileObject, _ change: ExtendedAttributeChange
    ) throws(IOFailure) {
        try openFile(file).withDescriptor { (descriptor) throws(Errno) in
            switch change {
            case .remove:
                try SystemCall.removeExtendedAttribute(name, of: descriptor)
            case .set(let value, let mustExist, let mustNotExist):
                guard !(mustExist && mustNotExist) else { throw .invalidArgument }
                let mode: SystemCall.AttributeSetMode =
                    mustExist ? .replace : mustNotExist ? .create : .any
                try SystemCall.setExtendedAttribute(name, of: descriptor, to: value, mode)
            }
        }
    }
}
