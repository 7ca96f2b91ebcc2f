import Minifilters

/// The harmless file that tests virus scanners. It is assembled here so that no scanner takes this
/// program for it.
enum TestSignature {
    static var all: [Signature] {
        let text = ["X5O!P%@AP[4", "\\PZX54(P^)7CC)7}$", "EICAR-STANDARD", "-ANTIVIRUS-TEST-FILE"]
        return [Signature(name: "EICAR-Test-File", pattern: Array(text.joined().utf8))]
            .compactMap(\.self)
    }
}
