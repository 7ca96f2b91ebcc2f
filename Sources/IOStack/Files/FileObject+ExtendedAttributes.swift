import BypassIOProtocol

/// Extended attributes. Names are bytes; the variants with a `String` take its UTF-8.
extension FileObject {
    public func attributeNames(requestor: Requestor? = nil) throws(IOFailure) -> [[UInt8]] {
        guard case .names(let names) = try request(.queryEA(.names), requestor: requestor).result
        else { throw IOFailure(.invalidDeviceRequest) }
        return names
    }

    public func attribute(
        _ name: [UInt8], requestor: Requestor? = nil
    ) throws(IOFailure) -> [UInt8] {
        let answer = try request(.queryEA(.value(name: name)), requestor: requestor)
        guard case .bytes(let value) = answer.result else {
            throw IOFailure(.invalidDeviceRequest)
        }
        return value
    }

    public func attribute(
        _ name: String, requestor: Requestor? = nil
    ) throws(IOFailure) -> [UInt8] {
        try attribute(Array(name.utf8), requestor: requestor)
    }

    public func setAttribute(
        _ name: [UInt8], to value: [UInt8], mustExist: Bool = false, mustNotExist: Bool = false,
        requestor: Requestor? = nil
    ) throws(IOFailure) {
        let change = ExtendedAttributeChange.set(
            value, mustExist: mustExist, mustNotExist: mustNotExist)
        try request(.setEA(name: name, change: change), requestor: requestor)
    }

    public func setAttribute(
        _ name: String, to value: [UInt8], mustExist: Bool = false, mustNotExist: Bool = false,
        requestor: Requestor? = nil
    ) throws(IOFailure) {
        try setAttribute(
            Array(name.utf8), to: value, mustExist: mustExist, mustNotExist: mustNotExist,
            requestor: requestor)
    }

    public func removeAttribute(
        _ name: [UInt8], requestor: Requestor? = nil
    ) throws(IOFailure) {
        try request(.setEA(name: name, change: .remove), requestor: requestor)
    }

    public func removeAttribute(
        _ name: String, requestor: Requestor? = nil
    ) throws(IOFailure) {
        try removeAttribute(Array(name.utf8), requestor: requestor)
    }
}
