import ArgumentParser
import Dispatch
import Foundation
import Gateway
import Language
import Logging
import Storage

/// `cascade serve`: a gateway that asks the stages of a learned policy.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve a policy behind an OpenAI-compatible address.",
        discussion: """
            Programs that speak to OpenAI's interface keep their code and get another address. Each published name is a \
            policy over stages, or a stage; a stage is an endpoint, or a model in this process by its name. Without a file \
            the policy is published as `cascade`, and every stage by its own name.

            Examples:
              cascade serve --config gateway.yaml
              cascade serve --endpoint small=http://127.0.0.1:8001/v1,qwen --embedded smollm2-135m
              cascade serve --policy policy.json --endpoint small=http://127.0.0.1:8001/v1,qwen \\
                            --endpoint large=https://api.example.com/v1,big@env:API_KEY
              cascade serve --config gateway.yaml --store gateway.sqlite    (keys, budgets and records are kept there)

            At SIGHUP the file and the policies are read again, whether --config or --policy names them; requests that run \
            keep what they began with, and a file with a fault changes nothing.
            """)

    @Option(
        name: .long, help: "A configuration in YAML or JSON.", completion: .file(extensions: ["yaml", "yml", "json"]))
    var config: String?
    @Option(name: .long, help: "A policy file, published as `cascade`.", completion: .file(extensions: ["json"]))
    var policy: String?
    @Option(
        name: .long, parsing: .singleValue,
        help: ArgumentHelp(
            "A stage behind an address; its key is read from env:NAME or file:PATH.",
            valueName: "name=url[,model][@key]"))
    var endpoint: [Endpoint] = []
    @Option(
        name: .long, parsing: .singleValue,
        help: ArgumentHelp("A model in this process as a stage.", valueName: "[name=]model"))
    var embedded: [String] = []
    @Option(
        name: .long, help: ArgumentHelp("Where to listen. (default: 127.0.0.1:8080)", valueName: "host:port"))
    var listen: String?
    @Option(
        name: .long,
        help: ArgumentHelp(
            "Where keys, policies, records and spending are kept; made where it is not there.",
            valueName: "path-or-url"),
        completion: .file())
    var store: String?
    @Option(
        name: .long,
        help: ArgumentHelp(
            "The administrator's key, which the dashboard asks for; its place.", valueName: "env:NAME|file:PATH"))
    var adminKey: String?
    @OptionGroup(title: "What is told of it") var telling: TellingOptions
    @OptionGroup(title: "How models in this process run") var options: ModelOptions

    /// `small=http://127.0.0.1:8001/v1,model@env:KEY`.
    struct Endpoint: ExpressibleByArgument {
        var name: String
        var address: String
        var model: String?
        var key: String?

        init?(argument: String) {
            guard let mark = argument.firstIndex(of: "="), mark > argument.startIndex else { return nil }
            name = String(argument[..<mark])
            var rest = argument[argument.index(after: mark)...]
            if let at = rest.range(of: "@env:", options: .backwards) ?? rest.range(of: "@file:", options: .backwards) {
                key = String(rest[rest.index(after: at.lowerBound)...])
                rest = rest[..<at.lowerBound]
            }
            if let comma = rest.firstIndex(of: ",") {
                model = String(rest[rest.index(after: comma)...])
                rest = rest[..<comma]
            }
            guard rest.hasPrefix("http://") || rest.hasPrefix("https://"), model != "" else { return nil }
            address = String(rest)
        }
    }

    func validate() throws {
        if config != nil, policy != nil || !endpoint.isEmpty || !embedded.isEmpty {
            throw ValidationError("--config names the stages and policies. Give either a file or options.")
        }
        if config == nil, endpoint.isEmpty, embedded.isEmpty {
            throw ValidationError("There is nothing to ask: give --config, --endpoint or --embedded.")
        }
        if let listen, GatewayConfiguration.address(listen) == nil {
            throw ValidationError("--listen \(listen): expected host:port, for example 127.0.0.1:8080.")
        }
    }

    func run() async throws {
        // A hang-up that comes before it can be heard is not the end.
        signal(SIGHUP, SIG_IGN)
        let read = try reading()
        var configuration = try read()
        if let listen, let address = GatewayConfiguration.address(listen) {
            (configuration.host, configuration.port) = address
        }
        if let store { configuration.store = store }
        if let adminKey { configuration.administrator = try GatewayConfiguration.secret(adminKey) }
        configuration.traces = telling.tracing(configuration.traces)
        telling.bootstrap()
        let kept: Store?
        if let address = configuration.store { kept = try await Store.open(address) } else { kept = nil }
        do {
            try await serve(configuration, kept, read)
        } catch {
            await kept?.close()
            throw error
        }
        await kept?.close()
    }

    /// Reads what is to be served: the file each time; policies that options name are read when they are published.
    private func reading() throws -> @Sendable () throws -> GatewayConfiguration {
        if let config { return { try GatewayConfiguration.read(from: config) } }
        let configuration = try short()
        return { configuration }
    }

    private func serve(
        _ configuration: GatewayConfiguration, _ store: Store?,
        _ read: @escaping @Sendable () throws -> GatewayConfiguration
    ) async throws {
        let server = try GatewayServer(configuration, store: store, logger: telling.logger("cascade")) {
            [options] name in
            try options.load(name, sequences: 8)
        }
        let scheme = configuration.tls == nil ? "http" : "https"
        let host = configuration.host.contains(":") ? "[\(configuration.host)]" : configuration.host
        Task {
            guard let port = await server.port() else { return }
            Output.message("serving \(server.models.joined(separator: ", ")) at \(scheme)://\(host):\(port)/v1")
            Output.message("dashboard: \(scheme)://\(host):\(port)/dashboard")
        }
        let reloading = Self.reload(server, read)
        try await server.runUntilStopped()
        reloading.cancel()
    }

    /// Reads the configuration, and the policies that it names, again at every SIGHUP.
    private static func reload(
        _ server: GatewayServer, _ read: @escaping @Sendable () throws -> GatewayConfiguration
    ) -> any DispatchSourceSignal {
        let source = DispatchSource.makeSignalSource(signal: SIGHUP)
        source.setEventHandler {
            do {
                try server.reload(read())
                Output.message("serving \(server.models.joined(separator: ", "))")
            } catch {
                Output.message("\(error)\nEverything stays as it was.")
            }
        }
        source.resume()
        return source
    }

    /// The configuration that the options spell out.
    private func short() throws -> GatewayConfiguration {
        var configuration = GatewayConfiguration()
        for endpoint in endpoint {
            configuration.stages.append(
                GatewayConfiguration.Stage(
                    endpoint.name, .endpoint(endpoint.address), model: endpoint.model,
                    key: try endpoint.key.map { try GatewayConfiguration.secret($0) }))
        }
        for text in embedded {
            let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
            configuration.stages.append(
                GatewayConfiguration.Stage(parts[0], .embedded(parts.count > 1 ? parts[1] : parts[0])))
        }
        for stage in configuration.stages.indices {
            let name = configuration.stages[stage].name
            if let price = options.price.last(where: { $0.model == name }) {
                configuration.stages[stage].prices = price.prices
            }
        }
        if let policy { configuration.models.append(GatewayConfiguration.Model("cascade", policy: policy)) }
        configuration.models += configuration.stages.map { GatewayConfiguration.Model($0.name, stages: [$0.name]) }
        return configuration
    }
}
