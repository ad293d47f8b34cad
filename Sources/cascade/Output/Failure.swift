import ArgumentParser
import Cascades
import Catalog
import Deferral
import Foundation
import Gateway
import Language
import Storage

/// The exit statuses of every command, with the numbers of BSD's sysexits.
enum ExitStatus: Int32 {
    /// A wrong option or argument.
    case usage = 64
    /// A log, policy or other input that is not what it should be.
    case data = 65
    /// Something that is needed can't be had: data not fetched, an output that can't be written.
    case unavailable = 69
    /// A bug of this program.
    case bug = 70
}

/// An error with its exit status and a sentence that says what to do next.
struct Failure: Error {
    var status: ExitStatus
    var message: String

    init(_ status: ExitStatus, _ message: String) {
        self.status = status
        self.message = message
    }

    /// The failure that `error` is: the one place where kinds of errors become exit statuses.
    /// Nil for the errors of the argument parser.
    init?(_ error: any Error) {
        switch error {
        case let failure as Failure: self = failure
        case let error as LogError: self.init(Self.status(of: error), error.description)
        case let error as DeferralError: self.init(Self.status(of: error), error.description)
        case let error as CatalogError: self.init(Self.status(of: error), error.description)
        case let error as StorageError: self.init(Self.status(of: error), error.description)
        case let error as LanguageError: self.init(Self.status(of: error), error.description)
        case let error as GatewayError: self.init(Self.status(of: error), error.description)
        case CascadeError.stageFailed(let stage, let failure):
            let inner = Failure(failure.error)
            self.init(inner?.status ?? .bug, "\(stage): \(inner?.message ?? failure.description)")
        case let error as CascadeError: self.init(.data, error.description)
        default:
            // The parser knows its own errors; status 1 is its word for an error it has never seen.
            if error is ExitCode || CascadeCommand.exitCode(for: error) != .failure { return nil }
            self.init(.bug, "\(error)\nThis is a bug of cascade. Please report it with the command that you ran.")
        }
    }

    private static func status(of error: LogError) -> ExitStatus {
        switch error {
        case .unwritable: .unavailable
        default: .data
        }
    }

    private static func status(of error: DeferralError) -> ExitStatus {
        switch error {
        case .unknownFamily, .badParameter, .unknownItem: .usage
        default: .data
        }
    }

    private static func status(of error: GatewayError) -> ExitStatus {
        switch error {
        case .cannotListen: .unavailable
        default: .data
        }
    }

    private static func status(of error: LanguageError) -> ExitStatus {
        switch error {
        case .unknownModel, .improperParameter: .usage
        case .missingModel, .fetchFailed, .endpoint, .missingKey: .unavailable
        case .decodingFailed, .closedSequence: .bug
        default: .data
        }
    }

    private static func status(of error: StorageError) -> ExitStatus {
        switch error {
        case .badAddress, .improper: .usage
        case .unreachable, .uncertain, .locked, .full, .readOnly, .closed: .unavailable
        case .damaged, .newerVersion, .refused, .unexpectedValue, .notFound, .noRequests: .data
        }
    }

    private static func status(of error: CatalogError) -> ExitStatus {
        switch error {
        case .unknownExperiment, .unknownData: .usage
        case .missingData, .fetchFailed: .unavailable
        case .badData: .data
        }
    }

    /// Says what went wrong on standard error and ends the program with the status that belongs to it.
    static func end(with error: any Error) -> Never {
        if let failure = Failure(error) {
            Output.message(failure.message)
            Foundation.exit(failure.status.rawValue)
        }
        let code = CascadeCommand.exitCode(for: error)
        let text = CascadeCommand.fullMessage(for: error)
        if code.isSuccess {
            Output.line(text)
        } else if !text.isEmpty {
            let prefix = "Error: "
            Output.message(text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text)
        }
        Foundation.exit(code.rawValue)
    }
}
