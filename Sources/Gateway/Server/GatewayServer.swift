import AsyncHTTPClient
import Foundation
import HummingbirdCore
import HummingbirdTLS
public import Language
public import Logging
import NIOCore
import NIOPosix
import NIOSSL
public import ServiceLifecycle
public import Storage
import Synchronization
public import Tracing
import UnixSignals

/// The gateway: listens, and answers with what its stages say.
///
///     let server = try GatewayServer(configuration, load: { try ModelStore().load($0) })
///     try await server.runUntilStopped()
public final class GatewayServer: Service {
    let core: GatewayCore
    private let configuration: GatewayConfiguration
    /// Where the policies are.
    let shelf: PolicyShelf
    private let doors: DoorTable
    private let endpoints: [EndpointClient]
    /// What traces are sent through.
    private let client: HTTPClient?
    private let exporter: SpanExporter?
    private let stages: [String: GatewayStage]
    private let group: any EventLoopGroup
    private let logger: Logger
    private let running: Mutex<Running>

    private struct Running {
        var port: Int?
        var waiters: [CheckedContinuation<Int?, Never>] = []
        var isOver = false
    }

    /// - Parameters:
    ///   - store: where keys, policies, records and spending are kept; the caller closes it when the server is done.
    ///   - tracer: where spans go; nil sends them to the collector that the configuration names, if it names one.
    ///   - load: loads a model in this process by its name or path.
    /// - Throws: ``GatewayError``.
    public init(
        _ configuration: GatewayConfiguration, store: Store? = nil, tracer: (any Tracer)? = nil,
        logger: Logger = Logger(label: "cascade.gateway"),
        load: @escaping @Sendable (String) throws -> any LanguageModel
    ) throws(GatewayError) {
        try configuration.check(hasStore: store != nil)
        // Without a store there are no keys, so nobody else may ask.
        guard configuration.isLoopback || store != nil else {
            throw .badConfiguration(
                file: configuration.file, line: nil,
                reason: "\(configuration.host) can be reached by others, and without a store there are no keys",
                remedy: "Listen on 127.0.0.1, or give a store: --store gateway.sqlite.")
        }
        self.configuration = configuration
        self.logger = logger
        group = MultiThreadedEventLoopGroup.singleton
        var builder = GatewayBuilder(configuration, group: group, load: load)
        let models: [VirtualModel]
        do throws(GatewayError) {
            try builder.makeStages()
            models = try builder.models()
        } catch {
            for endpoint in builder.endpoints { endpoint.shutDown() }
            throw error
        }
        var client: HTTPClient?
        var exporter: SpanExporter?
        if tracer == nil, let traces = configuration.traces {
            let sender = HTTPClient(eventLoopGroupProvider: .shared(group))
            client = sender
            exporter = SpanExporter(traces, client: sender, logger: logger)
        }
        var tracer = tracer
        if let exporter { tracer = OTLPTracer(exporter, share: configuration.traces?.share ?? 1) }
        endpoints = builder.endpoints
        self.client = client
        self.exporter = exporter
        stages = builder.stages
        let services = store.map {
            StoreServices(
                $0, configuration.keeping, administrator: configuration.administrator,
                isLoopback: configuration.isLoopback, logger: logger, time: configuration.time)
        }
        var authority: any KeyAuthority = OpenAuthority(administrator: configuration.administrator)
        var recorder: any RequestRecorder = NoRecorder()
        if let services { (authority, recorder) = (services.authority, StoreRecorder(services)) }
        core = GatewayCore(
            models: models, authority: authority, recorder: recorder, services: services,
            tracer: tracer, logger: logger,
            seed: configuration.seed ?? UInt64.random(in: .min ... .max), heldBytes: configuration.limits.heldBytes,
            time: configuration.time)
        shelf = PolicyShelf(core: core, configuration: configuration, stages: stages, group: group, logger: logger)
        doors = DoorTable(core)
        running = Mutex(Running())
    }

    deinit {
        // A server that never ran still has clients; one that did has shut them down, which this does not mind.
        for endpoint in endpoints { endpoint.shutDown() }
        client?.shutdown { _ in }
    }

    /// The published names.
    public var models: [String] { core.models.names }

    /// Publishes what `configuration` says from now on: names, policies, limits of holding. Requests that run keep the policy
    /// that they began with, and none is dropped. Stages stay as they are.
    /// - Throws: ``GatewayError``; then everything stays as it was.
    public func reload(_ configuration: GatewayConfiguration) throws(GatewayError) {
        try configuration.check(hasStore: core.store != nil)
        for stage in configuration.stages where stages[stage.name] == nil {
            throw .badConfiguration(
                file: configuration.file, line: nil, reason: "stage \(stage.name) is new",
                remedy: "Start the gateway again to add stages.")
        }
        try shelf.reload(configuration)
    }

    /// The port once it listens, or nil where it never will.
    public func port() async -> Int? {
        await withCheckedContinuation { continuation in
            let known: Int?? = running.withLock { running in
                if let port = running.port { return .some(port) }
                if running.isOver { return .some(nil) }
                running.waiters.append(continuation)
                return nil
            }
            if let known { continuation.resume(returning: known) }
        }
    }

    /// Serves until it is told to stop (SIGTERM or SIGINT), and then until running requests are done or their time is up.
    public func runUntilStopped() async throws {
        var configuration = ServiceGroupConfiguration(
            services: [self], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        configuration.maximumGracefulShutdownDuration = .seconds(self.configuration.limits.drainSeconds)
        try await ServiceGroup(configuration: configuration).run()
    }

    /// Serves until the service group that it belongs to is shut down.
    /// - Throws: ``GatewayError``.
    public func run() async throws {
        defer { over() }
        exporter?.start()
        if let services = core.services {
            do {
                try await services.start()
            } catch {
                await shutDownClients()
                throw error
            }
            // The store says which policies are in force, from the first request on.
            await shelf.synchronise()
        }
        let background = Task { [core, shelf] in
            await withDiscardingTaskGroup { group in
                if let services = core.services {
                    group.addTask { await services.run() }
                    group.addTask { await TestKeeper(core.learning, services, logger: core.logger).run() }
                }
                group.addTask { await shelf.run() }
                group.addTask { await core.caching.run() }
            }
        }
        do {
            try await listen()
        } catch {
            await end(background)
            throw error
        }
        await end(background)
    }

    /// Requests are over: what was recorded is written.
    private func end(_ background: Task<Void, Never>) async {
        // What was spent is settled before what is leased is given back.
        try? await core.services?.writer.flush()
        background.cancel()
        await background.value
        await core.services?.close()
    }

    private func listen() async throws {
        do {
            let limits = configuration.limits
            let channel = GatewayChannel(limits: limits, dates: DateStamp(), held: core.held) { [doors] request in
                await doors.answer(request)
            }
            let serverConfiguration = ServerConfiguration(
                address: .hostname(configuration.host, port: configuration.port), backlog: 1024,
                availableConnectionsDelegate: MaximumAvailableConnections(limits.connections))
            var quiet = Logger(label: "cascade.server")
            quiet.logLevel = .warning
            let onRunning: @Sendable (any Channel) async -> Void = { [weak self] channel in
                self?.listening(channel.localAddress?.port ?? 0)
            }
            let service: any Service
            if let tls = configuration.tls {
                service = try TLSChannel(channel, tlsConfiguration: try Self.certificates(tls)).server(
                    configuration: serverConfiguration, onServerRunning: onRunning, eventLoopGroup: group, logger: quiet
                )
            } else {
                service = channel.server(
                    configuration: serverConfiguration, onServerRunning: onRunning, eventLoopGroup: group, logger: quiet
                )
            }
            try await withGracefulShutdownHandler {
                try await service.run()
            } onGracefulShutdown: { [core] in
                core.drain()
            }
        } catch {
            await shutDownClients()
            let hasListened = running.withLock { $0.port != nil }
            if hasListened || error is GatewayError || error is CancellationError { throw error }
            throw GatewayError.cannotListen(
                address: "\(configuration.host):\(configuration.port)",
                reason: (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(error)")
        }
        await shutDownClients()
    }

    private func shutDownClients() async {
        await core.judging.close()
        await exporter?.close()
        for endpoint in endpoints { endpoint.shutDown() }
        try? await client?.shutdown()
    }

    private func listening(_ port: Int) {
        let waiters = running.withLock { running in
            running.port = port
            defer { running.waiters = [] }
            return running.waiters
        }
        for waiter in waiters { waiter.resume(returning: port) }
    }

    private func over() {
        let waiters = running.withLock { running in
            running.isOver = true
            defer { running.waiters = [] }
            return running.waiters
        }
        for waiter in waiters { waiter.resume(returning: nil) }
    }

    private static func certificates(_ tls: GatewayConfiguration.TLS) throws(GatewayError) -> TLSConfiguration {
        let chain: [NIOSSLCertificateSource]
        do {
            chain = try NIOSSLCertificate.fromPEMFile(tls.certificate).map { .certificate($0) }
        } catch {
            throw .badCertificate(path: tls.certificate, reason: "\(error)")
        }
        do {
            let key = try NIOSSLPrivateKey(file: tls.key, format: .pem)
            return .makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key))
        } catch {
            throw .badCertificate(path: tls.key, reason: "\(error)")
        }
    }
}
