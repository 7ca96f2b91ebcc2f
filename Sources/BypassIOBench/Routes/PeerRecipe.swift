import Glibc
import SystemPackage

/// How an installed peer is mounted.
struct PeerRecipe {
    let name: String
    let program: String
    /// Commands that run once before.
    let preparation: [[String]]
    /// Serves in the foreground.
    let command: [String]

    /// `source` is the backing directory, `own` a folder for the peer's own data.
    static func all(source: FilePath, own: FilePath, mounts: FilePath, bytes: UInt64)
        -> [PeerRecipe]
    {
        let (cipher, image) = (own.appending("gocryptfs"), own.appending("ntfs.image"))
        func point(_ name: String) -> String { mounts.appending(name).string }
        return [
            // Without --forward-odirect it would read from the page cache.
            PeerRecipe(
                name: "bindfs", program: "bindfs", preparation: [],
                command: ["bindfs", "-f", "--forward-odirect=512"]
                    + (geteuid() == 0 ? [] : ["--no-allow-other"])
                    + [source.string, point("bindfs")]),
            PeerRecipe(
                name: "gocryptfs", program: "gocryptfs",
                preparation: [
                    ["mkdir", cipher.string],
                    [
                        "gocryptfs", "-init", "-q", "-scryptn", "10", "-extpass", "echo bench",
                        cipher.string,
                    ],
                ],
                command: [
                    "gocryptfs", "-fg", "-q", "-extpass", "echo bench", cipher.string,
                    point("gocryptfs"),
                ]),
            PeerRecipe(
                name: "ntfs-3g", program: "ntfs-3g",
                preparation: [
                    ["truncate", "-s", "\(bytes)", image.string],
                    ["mkfs.ntfs", "-F", "-Q", "-q", image.string],
                ],
                command: ["ntfs-3g", "-o", "no_detach", image.string, point("ntfs-3g")]),
        ]
    }
}
