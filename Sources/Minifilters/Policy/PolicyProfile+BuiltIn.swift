/// The profiles that ship.
extension PolicyProfile {
    public static let builtInNames = builtIn.map(\.name)

    /// The text of a profile that ships; nil for another name.
    public static func builtInText(_ name: String) -> String? {
        builtIn.first { $0.name == name }?.text
    }

    private static let builtIn: [(name: String, text: String)] = [
        ("secrets", secrets), ("readonly", readonly),
    ]

    private static let secrets = """
        # Keys, tokens and passwords, wherever they lie in the tree.
        allow      .env.example .env.sample .env.template
        deny       .env .env.* .envrc
        deny       .ssh/** id_rsa id_dsa id_ecdsa id_ed25519 *.ppk
        deny       *.pem *.key *.p12 *.pfx *.jks *.keystore *.kdbx
        deny       .npmrc .pypirc .netrc .git-credentials .htpasswd .pgpass .my.cnf
        deny       .aws/** .azure/** .config/gcloud/** .kube/** .docker/config.json
        deny       .gnupg/** .password-store/** .vault-token .config/gh/hosts.yml
        deny       service-account*.json *credentials*.json .terraform.d/credentials.tfrc.json
        # What git runs later, outside of the guard.
        allow      .git/hooks/*.sample
        read-only  .git/hooks/**
        """

    private static let readonly = """
        # Everything may be read, nothing is changed.
        read-only  **
        """
}
