import BypassIOClient
import BypassIOProtocol
import CPosixCalls
import Foundation
import SystemPackage
import Testing

extension MountedVolume {
    /// The reports of `state` and `filters` about a live mount.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the commands are ours"))
    struct Facts {
        private func mounted(_ options: String, count: Int = 65536) throws -> LiveMount {
            let mount = try LiveMount(options: "allow_other,auto_size=0,\(options)")
            try Data([UInt8](repeating: 7, count: count)).write(
                to: URL(fileURLWithPath: "\(mount.source)/file"))
            return mount
        }

        private func layers(_ state: [String: Any]) throws -> [[String: Any]] {
            try #require(state["layers"] as? [[String: Any]])
        }

        @Test("state shows every layer with its answer, not only the first that refuses")
        func everyLayer() throws {
            let mount = try mounted(
                "bypass=request,filter=noop=123456.5,filter=readaudit:every-read=yes")
            let hole = "\(mount.source)/sparse"
            #expect(FileManager.default.createFile(atPath: hole, contents: nil))
            #expect(unsafe call_truncate(hole, 1 << 20) == 0)
            let state = try mount.facts("state", "\(mount.mountpoint)/sparse")
            let layers = try layers(state)
            #expect(
                layers.map { $0["layer"] as? String }.prefix(3) == [
                    "filter", "filter", "fileSystem",
                ])
            #expect(layers.last?["layer"] as? String == "storage")
            #expect(
                layers.map { $0["driver"] as? String }.prefix(2) == ["readaudit", "noop-123456.5"])
            #expect(layers[0]["altitude"] as? String == "370130")
            #expect(layers[1]["altitude"] as? String == "123456.5")
            #expect(layers[0]["reason"] as? String == "Every read of this volume is being audited.")
            #expect(layers[1]["isInTheWay"] as? Bool == false)
            // The layers below the veto are there too.
            #expect(layers[2]["driver"] as? String == "ext4")
            #expect(layers[2]["reason"] as? String == "The file is sparse.")
            let verdict = try #require(state["verdict"] as? [String: Any])
            let blocker = try #require(verdict["blocker"] as? [String: Any])
            #expect(blocker["driver"] as? String == "readaudit")
            let program = try #require(BuiltPrograms.bypassio)
            let text = try Program(program, ["state", "-v", "\(mount.mountpoint)/sparse"])
                .run(within: 20)
            for words in [
                "Every layer, top to bottom:", "370130", "123456.5", "The file is sparse.",
            ] {
                #expect(text.output.contains(words), "\(text)")
            }
        }

        @Test("the facts are those of the file behind the mount")
        func factsBehind() throws {
            let mount = try mounted("bypass=request")
            let through = try mount.facts("state", "\(mount.mountpoint)/file")
            let behind = try mount.facts("state", "\(mount.source)/file")
            let facts = try #require(through["facts"] as? [String])
            #expect(!facts.isEmpty)
            #expect(facts == behind["facts"] as? [String])
            #expect(facts.first?.hasPrefix("file system: ext4") == true, "\(facts)")
            for path in ["", "/"] {
                let root = try mount.facts("state", "\(mount.mountpoint)\(path)")
                #expect(try layers(root).last?["layer"] as? String == "storage")
            }
        }

        @Test("asking opens nothing, so it changes no route and is counted nowhere")
        func stateOpensNothing() throws {
            let mount = try mounted("bypass=auto")
            for _ in 0..<5 { _ = try mount.facts("state", "\(mount.mountpoint)/file") }
            let routes = try routes(mount)
            #expect(routes.values.allSatisfy { $0["opens"] as? Int == 0 }, "\(routes)")
        }

        private func routes(_ mount: LiveMount) throws -> [String: [String: Any]] {
            try #require(try mount.facts("filters")["routes"] as? [String: [String: Any]])
        }

        /// The routes after the service has seen the closes.
        private func routesAtRest(_ mount: LiveMount) throws -> [String: [String: Any]] {
            for _ in 0..<100 {
                if try mount.facts("filters")["openHandles"] as? Int == 0 { break }
                usleep(50_000)
            }
            return try routes(mount)
        }

        @Test("twenty files that the kernel read are twenty opens by its route, closed or not")
        func kernelOpens() throws {
            let mount = try mounted("bypass=auto")
            let path = "\(mount.mountpoint)/file"
            for _ in 0..<20 { #expect(try KernelReader(path).value() == 7) }
            let open = try KernelReader(path)
            #expect(try routes(mount)["kernel bypass"]?["opens"] as? Int == 21)
            _ = open
            let kernel = try #require(try routes(mount)["kernel bypass"])
            #expect(kernel["reads"] is NSNull && kernel["bytes"] is NSNull, "nobody knows")
            let program = try #require(BuiltPrograms.bypassio)
            let text = try Program(program, ["filters", mount.mountpoint]).run(within: 20)
            #expect(text.output.contains("not counted by the service"), "\(text)")
        }

        @Test("the features that every attached filter supports (FsRtlGetSupportedFeatures)")
        func supportedFeatures() throws {
            let mount = try mounted("bypass=request")
            let every = ["offloadRead", "offloadWrite", "queryOpen", "bypassIO"]
            #expect(try mount.facts("filters")["supportedFeatures"] as? [String] == every)
            let filtered = try LiveMount(
                options: "allow_other,default_permissions", filters: ["readaudit", "accessheat"])
            let facts = try filtered.facts("filters")
            #expect(facts["supportedFeatures"] as? [String] == ["bypassIO"])
            let filters = try #require(facts["filters"] as? [[String: Any]])
            #expect(filters.map { $0["features"] as? [String] } == [["bypassIO"], ["bypassIO"]])
            let program = try #require(BuiltPrograms.bypassio)
            let text = try Program(program, ["filters", filtered.mountpoint]).run(within: 20)
            #expect(text.output.contains("that every filter supports: bypassIO"), "\(text)")
        }

        @Test("bytes are counted by the route that brought them")
        func bytesByRoute() throws {
            let mount = try mounted("bypass=request")
            let path = "\(mount.mountpoint)/file"
            do {
                let plain = try KernelReader(path, .directReader)
                for page in 0..<3 { #expect(try plain.value(page: page) == 7) }
                let fast = try KernelReader(path, .directReader)
                let answer = try BypassIOClient(FileDescriptor(rawValue: fast.descriptor))
                    .manage(.enable)
                try #require(answer.results?.status.isSuccess == true)
                for page in 0..<5 { #expect(try fast.value(page: page) == 7) }
            }
            let routes = try routesAtRest(mount)
            let (traditional, service) = (
                try #require(routes["traditional"]), try #require(routes["service bypass"])
            )
            #expect(traditional["opens"] as? Int == 1 && service["opens"] as? Int == 1)
            #expect(traditional["reads"] as? Int == 3 && service["reads"] as? Int == 5)
            #expect(traditional["bytes"] as? Int == 3 * 4096)
            #expect(service["bytes"] as? Int == 5 * 4096)
        }

        @Test("reads that the kernel carries after asking are counted")
        func gatedBytes() throws {
            let mount = try mounted("bypass=auto")
            let path = "\(mount.mountpoint)/file"
            let reader = try KernelReader(path, .directReader)
            let client = BypassIOClient(FileDescriptor(rawValue: reader.descriptor))
            _ = try client.manage(.streamPause)
            for page in 0..<4 { #expect(try reader.value(page: page) == 7) }
            let gated = try #require(try routes(mount)["gated"])
            #expect(gated["reads"] as? Int == 4)
            #expect(gated["bytes"] as? Int == 4 * 4096)
            let late = try KernelReader(path)
            #expect(try routes(mount)["gated"]?["opens"] as? Int == 1)
            _ = late
            _ = try client.manage(.streamResume)
        }
    }
}
