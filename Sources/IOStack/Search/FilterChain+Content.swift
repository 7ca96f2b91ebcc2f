#if INTERLEAVING
    extension FilterChain: Hashable {
        static func == (one: FilterChain, other: FilterChain) -> Bool { one === other }

        /// An altitude stands for its instance: programs attach each filter once.
        func hash(into hasher: inout Hasher) {
            for instance in instances { hasher.combine(instance.altitude) }
        }
    }
#endif
