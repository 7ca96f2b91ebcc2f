import BypassIOMount
import ControlInterface
import IOStack
import SystemPackage

/// What a service says of its mount.
extension VolumeService {
    /// Callbacks that each filter has run.
    var callbacks: [UInt64] {
        volume.instances.map { $0.callbacksRun.pre + $0.callbacksRun.post }
    }

    /// The mount, present or past, and its filters.
    func stack(isLeft: Bool) -> [String] {
        let verb = isLeft ? "is" : "was"
        return ["\(settings.source) \(verb) mounted at \(mounted.mountPoint.string)."]
            + volume.instances.map { instance in
                let answer = instance.filter.isOptedIn ? "knows BypassIO" : "blocks BypassIO"
                return "  \(instance.altitude)  \(instance.filter.name)  (\(answer))"
            }
    }

    /// The mount, and how to look at it.
    func report(isWaiting: Bool) -> [String] {
        let place = mounted.mountPoint.string
        return stack(isLeft: true) + [
            "Look at the filters:  bypassio filters \(place)",
            "Ask about a file:     bypassio state \(place)/FILE",
        ]
            + (control.port.map { ["Scrape its metrics:   http://\($0.address)/metrics"] } ?? [])
            + [
                "Unmount:              \(isWaiting ? "Ctrl-C, or " : "")bypassio umount \(place)"
            ]
    }
}
