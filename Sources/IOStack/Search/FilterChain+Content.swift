#if INTERLEAVING
    extension FilterChain: Hashable {
        static func == (one: FilterChain, other: FilterChain) -> Bool { one === other }

        /// An altitude stands for its instance: programs attach each filter once. The chain is made
        /// anew when a filter withdraws bypass that was never asked about it.
        func hash(into hasher: inout Hasher) {
            let controls = operations(for: .fileSystemControl)
            for instance in instances {
                hasher.combine(instance.altitude)
                hasher.combine(controls.passes(instance))
            }
        }
    }
#endif
