import Foundation
import Inference
import Testing

/// Autoregressive draws that any language makes alike: a linear congruential generator feeds x ← a x + (u − ½)(1 + width c),
/// and chain c is shifted by c · shift.
private func autoregression(
    chains: Int, draws: Int, _ a: Double, shift: Double = 0, width: Double = 0
) -> [[Double]] {
    var state = 12345
    return (0..<chains).map { chain in
        var x = 0.0
        return (0..<draws).map { _ in
            state = (state * 1_103_515_245 + 12345) % 2_147_483_648
            x = a * x + (Double(state) / 2_147_483_648 - 0.5) * (1 + width * Double(chain))
            return x + shift * Double(chain)
        }
    }
}

struct DiagnosticsReference: Sendable {
    let chains: Int
    let draws: Int
    let a: Double
    var shift = 0.0
    var width = 0.0
    /// R̂ bulk and folded; effective sizes bulk, tail, mean; errors of mean, 30 % quantile, standard deviation; E-BFMI.
    let values: [Double]
}

// What ArviZ 0.23.4 prints for the same draws (rhat, ess, mcse, bfmi of arviz.stats.diagnostics; the error of the standard
// deviation by the lines of its _mcse_sd, which itself fails under NumPy 2).
let diagnosticsReferences = [
    DiagnosticsReference(
        chains: 4, draws: 250, a: 0.6,
        values: [
            1.0083573138508382, 1.0085411013051078, 266.1572715330287, 487.9539884080705, 267.7252408386004,
            0.02142079507487992, 0.020227034624312412, 0.01000843322574338, 0.8871771831685913,
        ]),
    DiagnosticsReference(
        chains: 4, draws: 101, a: 0.6, shift: 0.2,
        values: [
            1.184938525539587, 1.0057321260537382, 17.585069638367152, 58.09675299692121, 17.744844188696494,
            0.09872542817231937, 0.11096034348358548, 0.02583703663159964, 1.0460884142645124,
        ]),
    DiagnosticsReference(
        chains: 2, draws: 50, a: -0.5, width: 0.5,
        values: [
            0.9866544644034532, 1.1061348673759162, 200.0, 65.35831315002135, 200.0, 0.033318315117496604,
            0.08225429106842341, 0.08810573636614548, 3.070657657589664,
        ]),
    DiagnosticsReference(
        chains: 3, draws: 9, a: 0.3,
        values: [
            1.1586548936932444, 0.9770376942216351, 33.12506980107854, 33.12506980107854, 33.12506980107854,
            0.0431249372651158, 0.05570362883465364, 0.026596904203604815, 2.26281346729457,
        ]),
    DiagnosticsReference(
        chains: 4, draws: 250, a: 0, width: 1,
        values: [
            0.9979535522195423, 1.1935996221982799, 1081.2422344469774, 84.78751618591976, 1081.847706529166,
            0.02370154548955199, 0.08667549747042358, 0.13893722376546203, 2.0486450708504775,
        ]),
    DiagnosticsReference(
        chains: 2, draws: 8, a: 0.95,
        values: [
            0.9570895380777189, 1.3553194695886281, 19.265919722494797, 19.265919722494797, 19.265919722494797,
            0.05494379227096077, 0.0561013816509385, 0.04093902639418101, 1.2474727296594745,
        ]),
    DiagnosticsReference(
        chains: 4, draws: 1000, a: -0.7,
        values: [
            0.9990690374755296, 1.0035747248449356, 14408.23996531185, 3229.6560952596947, 14408.23996531185,
            0.003415159352343772, 0.008597987585757652, 0.0068547339011940074, 3.465721277784367,
        ]),
]

@Suite struct `chain diagnostics` {
    @Test(arguments: diagnosticsReferences) func `equal what ArviZ prints for the same draws`(
        reference: DiagnosticsReference
    ) throws {
        let draws = autoregression(
            chains: reference.chains, draws: reference.draws, reference.a, shift: reference.shift,
            width: reference.width)
        let (scale, size) = (try PotentialScaleReduction(draws), try EffectiveSampleSize(draws))
        let error = try MonteCarloError(draws)
        let found = [
            scale.bulk, scale.folded, size.bulk, size.tail, size.mean, error.mean, try error.quantile(0.3),
            error.standardDeviation, try EnergyDiagnostics.missingInformation(draws)[0],
        ]
        for (a, b) in zip(found, reference.values) { #expect(abs(a - b) <= 1e-9 * abs(b), "\(a) for \(b)") }
        #expect(scale.value == max(scale.bulk, scale.folded))
        let summary = try ParameterSummary(draws)
        #expect(summary.bulkSampleSize == size.bulk && summary.standardError == error.mean)
    }

    @Test func `share ranks among ties as ArviZ does`() throws {
        let draws = autoregression(chains: 4, draws: 100, 0.6).map { $0.map { ($0 * 4).rounded(.toNearestOrEven) / 4 } }
        #expect(abs(try PotentialScaleReduction(draws).value - 1.022485743169003) < 1e-10)
        #expect(abs(try EffectiveSampleSize(draws).bulk - 92.53340376866774) < 1e-7)
        #expect(abs(try EffectiveSampleSize(draws).tail - 144.00703215463994) < 1e-7)
    }

    @Test func `hold one chain against itself`() throws {
        // ArviZ prints 28.68 and 47.99 for the sizes, and no R-hat of a single chain.
        let draws = autoregression(chains: 1, draws: 400, 0.9)
        let size = try EffectiveSampleSize(draws)
        #expect(abs(size.bulk - 28.678976215792286) < 1e-8 && abs(size.tail - 47.9895011530924) < 1e-8)
        #expect(try PotentialScaleReduction(draws).value > 1)
        var drifting = [[Double]](repeating: [], count: 1)
        drifting[0] = (0..<100).map { Double($0) }
        #expect(try PotentialScaleReduction(drifting).value > 1.5)
    }

    @Test func `see what only ranks or folding can see`() throws {
        // The same centre and different widths: plain R-hat is near 1.
        let widths = try PotentialScaleReduction(autoregression(chains: 4, draws: 250, 0, width: 1))
        #expect(widths.bulk < 1.01 && widths.folded > 1.1)
        let far = try PotentialScaleReduction(autoregression(chains: 2, draws: 500, 0, shift: 5))
        #expect(far.bulk > 1.5)
    }

    @Test func `give constant chains no R-hat, no error and full size`() throws {
        let draws = [[Double]](repeating: [Double](repeating: 3, count: 10), count: 2)
        #expect(try PotentialScaleReduction(draws).value.isNaN)
        #expect(try EffectiveSampleSize(draws).bulk == 20)
        #expect(try MonteCarloError(draws).mean == 0)
        #expect(try MonteCarloError(draws).quantile(0.5) == 0)
        #expect(try EnergyDiagnostics.missingInformation(draws)[0].isNaN)
        #expect(try ParameterSummary(draws).scaleReduction.isNaN)
        // Chains that are stuck at different places disagree without bound.
        let stuck = [[Double](repeating: 1, count: 10), [Double](repeating: 2, count: 10)]
        #expect(try PotentialScaleReduction(stuck).value > 100)
    }

    @Test func `name the place of a draw that is not finite`() {
        var draws = autoregression(chains: 2, draws: 10, 0.5)
        draws[1][7] = .nan
        #expect(throws: InferenceError.self) { try PotentialScaleReduction(draws) }
        do {
            _ = try EffectiveSampleSize(draws)
            Issue.record("a NaN passed")
        } catch {
            guard case .nonFinite("a draw", "chain 1, draw 7", let value) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(value.isNaN)
        }
    }

    @Test func `refuse chains of unequal length, too few draws, and none`() {
        #expect(throws: InferenceError.empty(what: "the list of chains")) { try EffectiveSampleSize([]) }
        #expect(throws: InferenceError.wrongShape(what: "chain 1", found: "[5]", expected: "[4], as chain 0")) {
            try PotentialScaleReduction([[1, 2, 3, 4], [1, 2, 3, 4, 5]])
        }
        #expect(throws: InferenceError.wrongShape(what: "a chain", found: "[3]", expected: "at least 4 draws")) {
            try MonteCarloError([[1, 2, 3]])
        }
        #expect(throws: InferenceError.self) { try MonteCarloError([[1, 2, 3, 4]]).quantile(1) }
    }

    @Test func `do not change with the order of chains or with an increasing map`() throws {
        let draws = autoregression(chains: 4, draws: 60, 0.4)
        let mapped = draws.map { $0.map { exp($0) } }
        #expect(abs(try EffectiveSampleSize(draws).bulk - EffectiveSampleSize(mapped).bulk) < 1e-9)
        #expect(abs(try EffectiveSampleSize(draws).tail - EffectiveSampleSize(mapped).tail) < 1e-9)
        #expect(abs(try EffectiveSampleSize(draws.reversed()).bulk - EffectiveSampleSize(draws).bulk) < 1e-9)
    }
}
