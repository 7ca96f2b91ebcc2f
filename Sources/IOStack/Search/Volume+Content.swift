#if INTERLEAVING
    extension Volume.OpenFiles: Hashable {
        static func == (one: Volume.OpenFiles, other: Volume.OpenFiles) -> Bool {
            one.hashValue == other.hashValue
        }

        /// Which stream a file has follows from how many file objects it has, as long as one is
        /// open all the time.
        func hash(into hasher: inout Hasher) {
            for (id, entry) in streams.sorted(by: { $0.key.inode < $1.key.inode }) {
                hasher.combine(id)
                hasher.combine(entry.fileObjects)
            }
            hasher.combine(opensUnderWay)
            hasher.combine(isDismounted)
        }
    }

    extension BypassVolume.State: Hashable {
        static func == (one: BypassVolume.State, other: BypassVolume.State) -> Bool {
            one.hashValue == other.hashValue
        }

        /// Which file objects have bypass their own words tell.
        func hash(into hasher: inout Hasher) {
            hasher.combine(activeBypassCount)
            hasher.combine(bypassed.count)
            hasher.combine(storagePauseEpoch)
            hasher.combine(storagePausesUnderWay)
            hasher.combine(isStoragePauseSettled)
            hasher.combine(blockingFilters)
            hasher.combine(detaches)
            hasher.combine(withdrawals)
        }
    }
#endif
