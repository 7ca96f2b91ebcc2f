import FUSE

#if RingTransport
    import FUSERing
#endif

extension MountSettings {
    /// What `-o transport=` may say.
    static var transports: [String: Transport] {
        var transports: [String: Transport] = ["auto": .automatic, "device": .device]
        #if RingTransport
            transports["ring"] = .ring
        #endif
        return transports
    }
}
