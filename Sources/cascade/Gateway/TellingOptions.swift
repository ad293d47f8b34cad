import ArgumentParser
import Foundation
import Gateway
import Logging

/// What a gateway tells of itself: its log, and where its traces go.
struct TellingOptions: ParsableArguments {
    /// How entries of the log look.
    enum LogFormat: String, ExpressibleByArgument, CaseIterable {
        case text, json
    }

    @Option(
        name: .long,
        help: "What the log holds: error, warning, notice, info (each request, too), debug, trace.")
    var logLevel = "notice"
    @Option(name: .long, help: "How its entries look: text, or json (a line of JSON each).")
    var logFormat = LogFormat.text
    @Option(
        name: .long,
        help: ArgumentHelp(
            "Send traces to this OTLP/HTTP collector. (default: the file's, or else OTEL_EXPORTER_OTLP_ENDPOINT, if set)",
            valueName: "url")
    )
    var traces: String?

    func validate() throws {
        guard Logger.Level(rawValue: logLevel) != nil else {
            let known = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("--log-level \(logLevel): expected one of \(known).")
        }
        if let traces, !traces.hasPrefix("http://"), !traces.hasPrefix("https://") {
            throw ValidationError("--traces \(traces): expected an address like http://127.0.0.1:4318.")
        }
    }

    /// Where traces go, with what the configuration says of them: an option names another address, and the environment is
    /// asked only where neither names any.
    func tracing(_ configured: TracingOptions?) -> TracingOptions? {
        if var options = configured {
            if let traces { options.endpoint = traces }
            return options
        }
        let environment = ProcessInfo.processInfo.environment
        guard let endpoint = traces ?? environment["OTEL_EXPORTER_OTLP_ENDPOINT"], !endpoint.isEmpty else { return nil }
        var options = TracingOptions(endpoint: endpoint)
        if let service = environment["OTEL_SERVICE_NAME"], !service.isEmpty { options.service = service }
        return options
    }

    /// Makes the log look as was asked, for all of the process.
    func bootstrap() {
        if logFormat == .json { LoggingSystem.bootstrap { JSONLogHandler(label: $0) } }
    }

    /// A logger that says as much as was asked.
    func logger(_ label: String) -> Logger {
        var logger = Logger(label: label)
        logger.logLevel = Logger.Level(rawValue: logLevel) ?? .notice
        return logger
    }
}
