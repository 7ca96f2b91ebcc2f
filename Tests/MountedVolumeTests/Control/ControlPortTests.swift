import BypassIOClient
import BypassIOProtocol
import Foundation
import LinuxKit
import SystemPackage
import Testing

extension MountedVolume {
    /// The control interface on TCP, and what Prometheus makes of it.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the control interface is ours"))
    struct ControlPorts {
        private static let token = "a-token-of-32-characters-for-tests"

        private let folder: TestFolder
        private let tokenFile: String

        init() throws {
            folder = try TestFolder()
            tokenFile = folder.path("token")
            try Data("\(Self.token)\n".utf8).write(to: URL(fileURLWithPath: tokenFile))
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o600], ofItemAtPath: tokenFile)
        }

        /// A mount with a port that the kernel chose, and a file that is no small one.
        private func mounted(_ address: String = "0", filters: [String] = []) throws -> LiveMount {
            try LiveMount(
                options: "allow_other,control_tcp=\(address),control_token_file=\(tokenFile)",
                filters: filters
            ) { source in
                try Data(repeating: 7, count: 65536)
                    .write(to: URL(fileURLWithPath: "\(source)/file"))
            }
        }

        /// The address as the service tells it.
        private func address(of mount: LiveMount) throws -> Substring {
            let mark = "Scrape its metrics:   http://"
            while !mount.serviceMessages.contains("/metrics") {
                try #require(mount.serviceIsRunning, "\(mount.serviceMessages)")
                usleep(1000)
            }
            let line = mount.serviceMessages.split(separator: "\n").first { $0.hasPrefix(mark) }
            return try #require(line).dropFirst(mark.count).dropLast("/metrics".count)
        }

        /// Status line, headers and body.
        private func ask(
            _ address: Substring, _ path: String, token: String?
        ) throws -> String {
            let port = try #require(address.split(separator: ":").last.flatMap { UInt16($0) })
            let socket = try SystemCall.connectToLoopback(
                address.hasPrefix("[") ? .six : .four, port: port)
            try SystemCall.setPatience(of: socket.descriptor, milliseconds: 60_000)
            let header = token.map { "Authorization: Bearer \($0)\r\n" } ?? ""
            let request = "GET \(path) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\(header)\r\n"
            _ = try SystemCall.send(Array(request.utf8)[...], to: socket.descriptor)
            var bytes: [UInt8] = []
            while true {
                let more = try SystemCall.receive(from: socket.descriptor, atMost: 65536)
                if more.isEmpty { return String(decoding: bytes, as: UTF8.self) }
                bytes += more
            }
        }

        private func metrics(of mount: LiveMount) throws -> String {
            let answer = try ask(try address(of: mount), "/metrics", token: Self.token)
            let body = try #require(answer.range(of: "\r\n\r\n")).upperBound
            return String(answer[body...])
        }

        @Test("who has the token reads, others do not", arguments: ["0", "127.0.0.1:0", "[::1]:0"])
        func served(_ wanted: String) throws {
            let mount = try mounted(wanted)
            let address = try address(of: mount)
            #expect(address.hasPrefix(wanted.hasPrefix("[") ? "[::1]:" : "127.0.0.1:"))
            let answer = try ask(address, "/v1/service", token: Self.token)
            #expect(answer.contains("\"mountPoint\":\"\(mount.mountpoint)\""), "\(answer)")
            #expect(try ask(address, "/v1/service", token: nil).hasPrefix("HTTP/1.1 401 "))
            #expect(try ask(address, "/metrics", token: "x").contains("\"wrong-token\""))
            mount.stop()
            #expect(throws: (any Error).self) { try ask(address, "/metrics", token: Self.token) }
        }

        @Test("a socket that is switched off leaves the port")
        func alone() throws {
            let mount = try LiveMount(
                options: "allow_other,control=off,control_tcp=0,control_token_file=\(tokenFile)")
            #expect(
                try ask(try address(of: mount), "/v1/volume", token: Self.token)
                    .hasPrefix("HTTP/1.1 200 "))
        }

        @Test("callbacks are told by filter and operation once somebody scrapes, vetoes by cause")
        func told() throws {
            let mount = try mounted(filters: ["readaudit,every-read=yes"])
            _ = try metrics(of: mount)
            let reader = try KernelReader("\(mount.mountpoint)/file", .directReader)
            for page in 0..<8 { #expect(try reader.value(page: page) == 7) }
            let program = try #require(BuiltPrograms.bypassio)
            let enable = try Program(
                program, ["fsctl", "\(mount.mountpoint)/file", "enable"]
            ).run(within: 60)
            #expect(enable.code == 1, "\(enable)")
            let lines = try metrics(of: mount).split(separator: "\n")
            let count =
                #"bypassio_filter_callback_seconds_count{filter="readaudit",altitude="370130","#
                + #"operation="read"} "#
            let read = try #require(lines.first { $0.hasPrefix(count) }, "\(lines)")
            #expect(UInt64(read.dropFirst(count.count)) ?? 0 >= 16)
            #expect(
                lines.contains(
                    #"bypassio_vetoes_total{driver="readaudit",cause="STATUS_NOT_SUPPORTED_WITH_AUDITING"} 1"#
                ), "\(lines.filter { $0.contains("vetoes") })")
            #expect(lines.contains(#"bypassio_events_total{kind="vetoed"} 1"#))
            #expect(lines.contains("bypassio_events_lost_total 0"))
        }

        @Test("opens, reads and writes are timed by route once somebody scrapes")
        func timed() throws {
            let mount = try mounted(filters: ["accessheat"])
            func count(_ operation: String, _ route: String) throws -> UInt64 {
                let start =
                    #"bypassio_request_seconds_count{operation="\#(operation)","#
                    + #"route="\#(route)"} "#
                let line = try metrics(of: mount).split(separator: "\n")
                    .first { $0.hasPrefix(start) }
                return line.flatMap { UInt64($0.dropFirst(start.count)) } ?? 0
            }
            let path = "\(mount.mountpoint)/file"
            let before = try KernelReader(path, .directReader)
            #expect(try before.value() == 7)
            #expect(try count("read", "traditional") == 0, "nobody looked yet")
            let reader = try KernelReader(path, .directReader)
            for page in 0..<3 { #expect(try reader.value(page: page) == 7) }
            #expect(try count("open", "traditional") == 1)
            #expect(try count("read", "traditional") == 3)
            let client = BypassIOClient(FileDescriptor(rawValue: reader.descriptor))
            #expect(try client.manage(.enable).results?.status.isSuccess == true)
            for page in 0..<5 { #expect(try reader.value(page: page) == 7) }
            #expect(try count("read", "service bypass") == 5)
            let writer = try KernelReader(path, .directWriter)
            for page in 0..<2 { try writer.write(7, page: page) }
            #expect(try count("write", "traditional") == 2)
        }

        @Test("a port or a token that cannot be had fails the mount, in words, before it is up")
        func refused() throws {
            let mount = try mounted()
            let taken = try address(of: mount)
            let place = try folder.makeFolder("place")
            let open = folder.path("open")
            try Data("\(Self.token)\n".utf8).write(to: URL(fileURLWithPath: open))
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: open)
            let file = "control_token_file=\(tokenFile)"
            let cases: [(String, Int32, String)] = [
                ("control_tcp=\(taken),\(file)", 73, "another program has the port \(taken)"),
                ("control_tcp=0.0.0.0:9600,\(file)", 64, "other machines are not served"),
                ("control_tcp=192.0.2.1:9600,\(file)", 64, "127.0.0.1:PORT or [::1]:PORT"),
                ("control_tcp=99999,\(file)", 64, "name a port"),
                ("control_tcp=0", 64, "add control_token_file=FILE"),
                (file, 64, "add control_tcp=PORT"),
                ("control_tcp=0,control_token_file=\(open)", 64, "chmod 600 \(open)"),
                ("control_tcp=0,control_token_file=\(place)", 64, "no regular file"),
                ("control_tcp=0,control_token_file=\(place)/x", 66, "cannot be read"),
            ]
            for (options, code, words) in cases {
                for mode in [[], ["--background"]] {
                    let outcome = try Program(
                        try #require(BuiltPrograms.bypassio),
                        ["mount", "-o", options] + mode + [mount.source, place]
                    ).run(within: 60)
                    #expect(outcome.code == code, "\(options): \(outcome)")
                    #expect(outcome.errors.contains(words), "\(options): \(outcome)")
                    #expect(outcome.output.isEmpty && MountTable.fileSystem(at: place) == nil)
                }
            }
        }

        // MARK: Prometheus

        private static let promtool = Program.find("promtool")
        private static let prometheus = Program.find("prometheus")

        @Test("promtool finds nothing wrong with the metrics, nor with the alerts")
        func promtool() throws {
            guard let promtool = Self.promtool else {
                return print("skipped: promtool (package prometheus) is not installed")
            }
            let mount = try mounted(filters: ["readaudit"])
            _ = try metrics(of: mount)
            #expect(try KernelReader("\(mount.mountpoint)/file").value() == 7)
            let text = folder.path("metrics")
            try Data(try metrics(of: mount).utf8).write(to: URL(fileURLWithPath: text))
            let checked = try Program.shell("'\(promtool)' check metrics < '\(text)'")
                .run(within: 60)
            #expect(checked.code == 0, "\(checked)")
            let rules = try Program(promtool, ["check", "rules", Contributed.rules.path])
                .run(within: 60)
            #expect(rules.code == 0 && rules.output.contains("SUCCESS"), "\(rules)")
        }

        @Test(
            "Prometheus scrapes a mount by its own configuration, and has what the alerts ask for")
        func scraped() throws {
            guard let prometheus = Self.prometheus, let promtool = Self.promtool else {
                return print("skipped: Prometheus (package prometheus) is not installed")
            }
            let mount = try mounted(filters: ["readaudit"])
            let configuration = folder.path("prometheus.yml")
            let text = """
                global: {scrape_interval: 1s}
                rule_files: ["\(Contributed.rules.path)"]
                scrape_configs:
                  - job_name: bypassio
                    authorization: {credentials_file: "\(tokenFile)"}
                    static_configs: [{targets: ["\(try address(of: mount))"]}]
                """
            try Data(text.utf8).write(to: URL(fileURLWithPath: configuration))
            // A port that was free a moment ago; Prometheus does not tell which one it got.
            let probe = try SystemCall.loopbackSocket(.four, port: 0)
            let port = try SystemCall.port(of: probe.descriptor)
            withExtendedLifetime(probe) {}
            let server = try RunningProgram(
                Program(
                    prometheus,
                    [
                        "--config.file=\(configuration)", "--web.listen-address=127.0.0.1:\(port)",
                        "--storage.tsdb.path=\(folder.path("tsdb"))", "--log.level=warn",
                    ]))
            defer { server.signal(SIGTERM) }
            func has(_ query: String, _ value: String) throws -> Bool {
                let answer = try Program(
                    promtool, ["query", "instant", "http://127.0.0.1:\(port)", query]
                ).run(within: 60)
                return answer.output.contains("=> \(value) @")
            }
            while try !has(#"up{job="bypassio"}"#, "1") {
                try #require(server.isRunning, "\(server.errorsSoFar)")
                usleep(100_000)
            }
            #expect(try has(#"bypassio_filter_attached{filter="readaudit"}"#, "1"))
        }

        @Test("the dashboard and the alerts ask for metrics that there are")
        func names() throws {
            let mount = try mounted(filters: ["readaudit,every-read=yes"])
            let told = Set(
                try metrics(of: mount).split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }
                    .map { String($0.split(separator: " ")[2]) })
            #expect(told.count > 15)
            for file in [Contributed.rules, Contributed.dashboard] {
                let asked = try Contributed.names(in: file)
                #expect(asked.count > 5)
                #expect(asked.subtracting(told) == [], "in \(file.lastPathComponent)")
            }
        }

        @Test("the dashboard is one that Grafana imports, and asks for its data source")
        func dashboard() throws {
            struct Source: Decodable {
                let type: String
                let uid: String?
            }
            struct Panel: Decodable {
                struct Target: Decodable {
                    let expr: String
                    let datasource: Source
                }
                let id: Int
                let title: String
                let targets: [Target]
            }
            struct Variable: Decodable {
                let name: String
                let type: String
            }
            struct Variables: Decodable { let list: [Variable] }
            struct Dashboard: Decodable {
                let title: String
                let schemaVersion: Int
                let templating: Variables
                let panels: [Panel]
            }
            let dashboard = try JSONDecoder().decode(
                Dashboard.self, from: Data(contentsOf: Contributed.dashboard))
            #expect(
                dashboard.templating.list.contains {
                    $0.name == "datasource" && $0.type == "datasource"
                })
            #expect(Set(dashboard.panels.map(\.id)).count == dashboard.panels.count)
            let targets = dashboard.panels.flatMap(\.targets)
            #expect(targets.allSatisfy { $0.datasource.uid == "${datasource}" })
            #expect(targets.allSatisfy { $0.expr.contains(#"instance=~"$instance""#) })
            guard let promtool = Self.promtool else { return }
            // As a rule each is judged as a query of Prometheus.
            let rules = targets.enumerated().map { number, target in
                let query = target.expr.replacing("$__rate_interval", with: "5m")
                return "  - {record: \"panel:\(number)\", expr: '\(query)'}"
            }
            let file = folder.path("panels.yml")
            try Data("groups:\n- name: panels\n  rules:\n\(rules.joined(separator: "\n"))\n".utf8)
                .write(to: URL(fileURLWithPath: file))
            let checked = try Program(promtool, ["check", "rules", file]).run(within: 60)
            #expect(checked.code == 0, "\(checked)")
        }
    }
}

/// What people import.
private enum Contributed {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../contrib").standardized
    static let rules = folder.appending(path: "prometheus/bypassio.rules.yml")
    static let dashboard = folder.appending(path: "grafana/bypassio.json")

    /// The families of metrics that a file asks for.
    static func names(in file: URL) throws -> Set<String> {
        let text = try String(contentsOf: file, encoding: .utf8)
        let words = text.split { !$0.isLetter && !$0.isNumber && $0 != "_" && $0 != "-" }
        return Set(
            words.filter { $0.hasPrefix("bypassio_") }.map { word in
                let name = String(word)
                let ends = ["_bucket", "_sum", "_count"]
                return ends.first { name.hasSuffix("_seconds\($0)") }
                    .map { String(name.dropLast($0.count)) } ?? name
            })
    }
}
