import CPosixCalls

/// Sends FSCTL_MANAGE_BYPASS_IO between reads, so that direct reads take every route.
extension Worker {
    /// Sends ENABLE, DISABLE, STREAM_PAUSE or STREAM_RESUME, chosen at random. Does nothing where
    /// the file system does not know the control (ENOTTY).
    func changeBypass(of file: ModelFile, _ descriptor: Int32) throws {
        guard random.oneIn(3) else { return }
        let operations: [UInt32] = [1, 1, 1, 2, 6, 7]
        let operation = operations[random.below(operations.count)]
        log.add("bypass operation \(operation) f\(file.number)")
        // struct bypassio_fsctl of bypassio.h, as words.
        var words = [UInt32](repeating: 0, count: 128)
        words[0] = 0x0009_0448
        (words[2], words[3]) = (24, 352)
        words[6] = operation
        let answer = unsafe call_ioctl(descriptor, 0xC200_4201, &words)
        guard answer != -25 else { return }
        try Finding.check("ioctl", answer)
    }
}
