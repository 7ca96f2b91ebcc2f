extension FSBypassIOInput {
    /// Checks a request's arguments in the fixed order and returns its input.
    ///
    /// Input and output longer than needed are accepted. A request with several faults gets the
    /// status of the first:
    /// 1. a control code other than FSCTL_MANAGE_BYPASS_IO: `.invalidDeviceRequest`
    /// 2. input shorter than 24 bytes: `.invalidBufferSize`
    /// 3. an unknown operation, an unknown flag or a reserved field that is not zero:
    ///    `.invalidParameter`
    /// 4. `outputLength` (bytes) below the operation's minimum: `.bufferTooSmall`
    ///
    /// - Throws: one of these four statuses.
    public static func validated(
        controlCode: ControlCode, input: Span<UInt8>, outputLength: Int
    ) throws(NTStatus) -> FSBypassIOInput {
        guard controlCode == .manageBypassIO else { throw .invalidDeviceRequest }
        guard let request = try? FSBypassIOInput(decoding: input) else {
            throw .invalidBufferSize
        }
        guard let needed = request.operation.minimumOutputSize,
            request.flags.isSubset(of: .known),
            request.reserved1 == 0, request.reserved2 == 0
        else { throw .invalidParameter }
        guard outputLength >= needed else { throw .bufferTooSmall }
        return request
    }

    /// Checks a request's arguments in the fixed order and returns its input.
    ///
    /// - Throws: as the overload that takes a `Span<UInt8>`.
    public static func validated(
        controlCode: ControlCode, input: RawSpan, outputLength: Int
    ) throws(NTStatus) -> FSBypassIOInput {
        try validated(
            controlCode: controlCode, input: Span<UInt8>(_bytes: input),
            outputLength: outputLength)
    }
}
