public import IOStack
import LinuxKit

/// The clock by which Linux stamps files.
public enum SystemClock {
    public static var now: FileTime {
        let time = KernelClock.files
        return FileTime(seconds: time.seconds, nanoseconds: time.nanoseconds)
    }
}
