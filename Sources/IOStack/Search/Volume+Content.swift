#if INTERLEAVING
    extension Volume.OpenFiles: Hashable {
        static func == (one: Volume.OpenFiles, other: Volume.OpenFiles) -> Bool {
            one.hashValue == other.hashValue
        }

        /// The count of file objects determines a file's stream, as long as one is open all the
        /// time.
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

        /// The file objects' own words tell which of them have bypass.
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
