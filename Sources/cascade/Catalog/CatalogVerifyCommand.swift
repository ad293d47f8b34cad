import ArgumentParser
import Catalog
import NumericalMethods
import Reports

/// `cascade catalog verify`: runs experiments and checks that they do what an experiment must.
struct CatalogVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Check that experiments run, decide their claims and can be repeated.",
        discussion: """
            Each experiment must run, say something of every claim, and in the quick size find the same when run again. \
            Claims that fail are reported; they are findings, not errors. Ends with status 1 where an experiment does not \
            run or can't be repeated.

            Examples:
              cascade catalog verify
              cascade catalog verify --full cascade-routing
            """)

    @Argument(help: "The experiments' ids; all of them if none is given.")
    var ids: [String] = []
    @Flag(help: "The size of the runs.")
    var size = Size.quick
    @OptionGroup var output: OutputOptions

    /// The size as a flag.
    enum Size: String, EnumerableFlag {
        case quick, full
    }

    func run() async throws {
        let experiments = try ids.isEmpty ? Experiments.all : ids.map { try Experiments.named($0) }
        let work = ProgressLine.reporter.begin("verifying", total: experiments.count)
        var verifications: [Verification] = []
        for experiment in experiments {
            verifications.append(await Verification(experiment, size: size == .quick ? .quick : .full))
            work.advance()
        }
        work.finish()
        if output.json {
            Output.text(JSONValue.array(verifications.map(\.json)).text)
        } else {
            print(verifications)
        }
        if verifications.contains(where: { $0.fault != nil }) { throw ExitCode(1) }
    }

    private func print(_ verifications: [Verification]) {
        var table = TextTable(columns: ["experiment", "claim", "verdict", "measured"])
        for verification in verifications {
            if let fault = verification.fault {
                table.add([.text(verification.id), "", "ERROR", .text(fault)], style: .warning, startsGroup: true)
            }
            for (index, (claim, verdict)) in verification.verdicts.enumerated() {
                table.add(
                    [
                        .text(index == 0 && verification.fault == nil ? verification.id : ""), .text(claim.id),
                        .text(verdict.outcome.rawValue), .text(verdict.measured),
                    ], style: verdict.outcome == .held ? .good : verdict.outcome == .failed ? .warning : .plain,
                    startsGroup: index == 0 && verification.fault == nil)
            }
        }
        if !verifications.isEmpty { Output.table(table) }
        let outcomes = verifications.flatMap { $0.verdicts.map(\.verdict.outcome) }
        func count(_ outcome: Verdict.Outcome) -> Int { outcomes.count { $0 == outcome } }
        Output.line(
            "\(verifications.count) experiments, \(verifications.count { $0.fault != nil }) in error; "
                + "claims: \(count(.held)) held, \(count(.failed)) failed, \(count(.notDecided)) not decided.")
    }
}
