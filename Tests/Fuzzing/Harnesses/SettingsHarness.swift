import Minifilters

@testable import bypassio

/// Any text is options of a mount or settings of a filter, or the fault is told.
enum SettingsHarness: Harness {
    static let name = "settings"

    static func attempt(_ input: [UInt8]) {
        let text = String(decoding: input.dropFirst(), as: UTF8.self)
        do {
            switch input.first.map({ $0 % 4 }) {
            case 0: try options(text)
            case 1: try configuration(text)
            case 2: try filter(text)
            default: _ = try FaultRule(text)
            }
        } catch let error as CommandError {
            demand(!error.message.isEmpty, "a fault is told")
        } catch let error as FaultRuleError {
            demand(!error.description.isEmpty, "a fault is told")
        } catch {
            demand(false, "a fault has a message and an exit code: \(error)")
        }
    }

    private static func options(_ text: String) throws {
        var settings = MountSettings(source: "/s", mountPoint: "/m")
        // Files that an option names are not this harness' matter.
        try settings.apply(options: text.replacing("config=", with: "c="))
    }

    private static func configuration(_ text: String) throws {
        var settings = MountSettings(source: "/s", mountPoint: "/m")
        try settings.apply(text: text, of: "file")
    }

    private static func filter(_ text: String) throws {
        let setting = try FilterSetting(text)
        // These open files.
        guard setting.filter != .policy, setting.filter != .audit else { return }
        _ = try setting.filter.make(setting.values, altitude: setting.altitude)
    }
}
