import Foundation
import NumericalMethods
import Testing

@testable import Probability

/// Every law is held to values of scipy 1.17 and to its own draws; a new distribution is one more row.
@Suite struct `distributions` {
    struct Case<Law: Distribution>: Sendable where Law.Value: Sendable {
        var name: String
        var law: Law
        var mean: Double
        var variance: Double
        /// Value, log-density, cumulative.
        var points: [(Law.Value, Double, Double)]
        /// Probability, quantile.
        var quantiles: [(Double, Law.Value)]

        init(
            _ name: String, _ law: Law, mean: Double, variance: Double, at points: [(Law.Value, Double, Double)],
            quantiles: [(Double, Law.Value)]
        ) {
            self.name = name
            self.law = law
            self.mean = mean
            self.variance = variance
            self.points = points
            self.quantiles = quantiles
        }
    }

    func close(_ a: Double, _ b: Double, _ tolerance: Double = 1e-11) -> Bool {
        abs(a - b) <= tolerance * max(1e-3, abs(b))
    }

    func check(_ c: Case<some ContinuousDistribution>) {
        #expect(close(c.law.mean, c.mean) && close(c.law.variance, c.variance), "\(c.name)")
        for (x, logDensity, cumulative) in c.points {
            #expect(close(c.law.logDensity(x), logDensity), "\(c.name) at \(x)")
            #expect(close(c.law.cumulative(x), cumulative), "\(c.name) at \(x)")
        }
        for (p, x) in c.quantiles { #expect(close(c.law.quantile(p), x, 1e-9), "\(c.name), quantile \(p)") }
        var random = Random(seed: 41)
        let sample = (0..<100_000).map { _ in c.law.sample(using: &random) }
        // False alarm 9e-7 a row.
        #expect(kolmogorov(sample, c.law.cumulative) < 2.7, "\(c.name)")
        // The density is the slope of the cumulative.
        for (x, logDensity, _) in c.points where logDensity > -8 {
            let h = 1e-5 * max(1e-3, abs(x))
            let slope = (c.law.cumulative(x + h) - c.law.cumulative(x - h)) / (2 * h)
            #expect(close(slope, exp(logDensity), 1e-4), "\(c.name) at \(x)")
        }
    }

    func check(_ c: Case<some DiscreteDistribution>) {
        #expect(close(c.law.mean, c.mean) && close(c.law.variance, c.variance), "\(c.name)")
        for (k, logMass, cumulative) in c.points {
            #expect(close(c.law.logDensity(k), logMass), "\(c.name) at \(k)")
            #expect(close(c.law.cumulative(k), cumulative), "\(c.name) at \(k)")
            #expect(close(c.law.cumulative(k) - c.law.cumulative(k - 1), exp(logMass), 1e-8), "\(c.name) at \(k)")
        }
        for (p, k) in c.quantiles { #expect(c.law.quantile(p) == k, "\(c.name), quantile \(p)") }
        #expect(c.law.quantile(0) == c.law.support.lowerBound && c.law.quantile(1) == c.law.support.upperBound)
        var random = Random(seed: 42)
        let n = 100_000
        var counts: [Int: Int] = [:]
        for _ in 0..<n { counts[c.law.sample(using: &random), default: 0] += 1 }
        // Every value within 6 standard errors (plus 6 where few are expected): under 1e-6 a row.
        for k in counts.keys.sorted() {
            let expected = Double(n) * exp(c.law.logDensity(k))
            #expect(abs(Double(counts[k]!) - expected) < 6 * (expected.squareRoot() + 1), "\(c.name) at \(k)")
        }
        // And none that should come up 40 times or more is missing.
        for k in c.law.quantile(0.001)...c.law.quantile(0.999) where exp(c.law.logDensity(k)) * Double(n) > 40 {
            #expect(counts[k] != nil, "\(c.name) at \(k)")
        }
    }

    @Test func `Normal of mean 1·5, standardDeviation 2`() throws {
        check(
            Case(
                "Normal(mean: 1.5, standardDeviation: 2)", try Normal(mean: 1.5, standardDeviation: 2), mean: 1.5,
                variance: 4.0,
                at: [
                    (-4.0, -5.393335713764618, 0.002979763235054555),
                    (0.0, -1.893335713764618, 0.2266273523768682),
                    (1.5, -1.612085713764618, 0.5),
                    (9.0, -8.643335713764618, 0.9999115827147992),
                ],
                quantiles: [
                    (0.001, -4.680464612335626), (0.1, -1.0631031310892007), (0.5, 1.5), (0.93, 4.451582056358342),
                    (0.9999, 8.938032970911419),
                ]))
    }

    @Test func `LogNormal of logMean 0·3, logStandardDeviation 0·8`() throws {
        check(
            Case(
                "LogNormal(logMean: 0.3, logStandardDeviation: 0.8)",
                try LogNormal(logMean: 0.3, logStandardDeviation: 0.8), mean: 1.8589280418463423,
                variance: 3.097891397428475,
                at: [
                    (0.1, -3.6849670500486233, 0.0005705027646056711),
                    (1.0, -0.7661074818904631, 0.35383023332727626),
                    (2.5, -1.908815609228666, 0.7794578255116364),
                    (20.0, -9.36884951378865, 0.9996237023755506),
                ],
                quantiles: [
                    (0.001, 0.11392831491232444), (0.1, 0.4842077385668167), (0.5, 1.3498588075760032),
                    (0.93, 4.395726515771987), (0.9999, 26.448863469512343),
                ]))
    }

    @Test func `Uniform of lowerBound -2, upperBound 3`() throws {
        check(
            Case(
                "Uniform(lowerBound: -2, upperBound: 3)", try Uniform(lowerBound: -2, upperBound: 3), mean: 0.5,
                variance: 2.083333333333333,
                at: [
                    (-1.9, -1.6094379124341003, 0.020000000000000018),
                    (0.0, -1.6094379124341003, 0.4),
                    (2.5, -1.6094379124341003, 0.9),
                ],
                quantiles: [
                    (0.001, -1.995), (0.1, -1.5), (0.5, 0.5), (0.93, 2.6500000000000004), (0.9999, 2.9995000000000003),
                ]))
    }

    @Test func `Exponential of rate 2·5`() throws {
        check(
            Case(
                "Exponential(rate: 2.5)", try Exponential(rate: 2.5), mean: 0.4, variance: 0.16000000000000003,
                at: [
                    (0.01, 0.891290731874155, 0.02469008797166733),
                    (0.5, -0.333709268125845, 0.7134952031398099),
                    (6.0, -14.083709268125846, 0.9999996940976795),
                ],
                quantiles: [
                    (0.001, 0.00040020013343341343), (0.1, 0.04214420626313053), (0.5, 0.2772588722239781),
                    (0.93, 1.0637040147731116), (0.9999, 3.6841361487905178),
                ]))
    }

    @Test func `Gamma of shape 3·7, rate 0·4`() throws {
        check(
            Case(
                "Gamma(shape: 3.7, rate: 0.4)", try Gamma(shape: 3.7, rate: 0.4), mean: 9.25, variance: 23.125,
                at: [
                    (0.5, -6.889845422111614, 0.00014364324823872235),
                    (8.0, -2.403855872064205, 0.46158921403353953),
                    (60.0, -17.763617716600088, 0.9999999459510064),
                ],
                quantiles: [
                    (0.001, 0.8716092521974075), (0.1, 3.8659020559750616), (0.5, 8.431345033091034),
                    (0.93, 17.061857289766905), (0.9999, 38.33154214717895),
                ]))
    }

    @Test func `Gamma of shape 0·3, rate 2`() throws {
        check(
            Case(
                "Gamma(shape: 0.3, rate: 2)", try Gamma(shape: 0.3, rate: 2), mean: 0.15, variance: 0.075,
                at: [
                    (1e-06, 8.783001549924899, 0.021741450802898507),
                    (0.1, 0.5239557244457399, 0.6575067242697217),
                    (3.0, -7.6568824427177695, 0.9997856288292811),
                ],
                quantiles: [
                    (0.001, 3.486349548391672e-11), (0.1, 0.00016186231091171635), (0.5, 0.03656556793347599),
                    (0.93, 0.5647859268302496), (0.9999, 3.347329897710946),
                ]))
    }

    @Test func `Beta of alpha 2·5, beta 0·7`() throws {
        check(
            Case(
                "Beta(alpha: 2.5, beta: 0.7)", try Beta(alpha: 2.5, beta: 0.7), mean: 0.78125,
                variance: 0.04069010416666666,
                at: [
                    (0.01, -6.564885468075763, 5.631075838213447e-06),
                    (0.5, -0.49192190652161133, 0.1139834594466688),
                    (0.99, 1.7063302621664982, 0.920601460528444),
                ],
                quantiles: [
                    (0.001, 0.078904774714171), (0.1, 0.47612263469362526), (0.5, 0.841502178841484),
                    (0.93, 0.9916593705705133), (0.9999, 0.9999992862055749),
                ]))
    }

    @Test func `Beta of alpha 40, beta 90`() throws {
        check(
            Case(
                "Beta(alpha: 40, beta: 90)", try Beta(alpha: 40, beta: 90), mean: 0.3076923076923077,
                variance: 0.0016260897059487782,
                at: [
                    (0.2, -1.647153970837806, 0.0020230374213576017),
                    (0.3, 2.2816913017980767, 0.43402281472893817),
                    (0.5, -7.742138430616222, 0.9999958558545197),
                ],
                quantiles: [
                    (0.001, 0.19289456918298942), (0.1, 0.2565620042790309), (0.5, 0.3067034081791426),
                    (0.93, 0.36842218810600813), (0.9999, 0.4670840520935589),
                ]))
    }

    @Test func `StudentT of degreesOfFreedom 4·5, location 1, scale 2`() throws {
        check(
            Case(
                "StudentT(degreesOfFreedom: 4.5, location: 1, scale: 2)",
                try StudentT(degreesOfFreedom: 4.5, location: 1, scale: 2), mean: 1.0, variance: 7.2,
                at: [
                    (-30.0, -12.656647552594693, 2.229724680069172e-05),
                    (0.5, -1.7051395057141652, 0.40679649151218317),
                    (1.0, -1.667207869850242, 0.5),
                    (4.0, -2.782236917147694, 0.8998904571719233),
                    (50.0, -15.144236689813363, 0.9999970981899512),
                ],
                quantiles: [
                    (0.001, -11.842485768591583), (0.1, -2.001770635017115), (0.5, 1.0), (0.93, 4.579296308718469),
                    (0.9999, 23.04199273722502),
                ]))
    }

    @Test func `Laplace of location -1, scale 0·5`() throws {
        check(
            Case(
                "Laplace(location: -1, scale: 0.5)", try Laplace(location: -1, scale: 0.5), mean: -1.0, variance: 0.5,
                at: [
                    (-4.0, -6.0, 0.0012393760883331792),
                    (-1.0, 0.0, 0.5),
                    (0.0, -2.0, 0.9323323583816936),
                    (3.0, -8.0, 0.9998322686860488),
                ],
                quantiles: [
                    (0.001, -4.107304049211096), (0.1, -1.8047189562170503), (0.5, -1.0), (0.93, -0.016943571813583302),
                    (0.9999, 3.258596595708174),
                ]))
    }

    @Test func `Logistic of location 2, scale 1·5`() throws {
        check(
            Case(
                "Logistic(location: 2, scale: 1.5)", try Logistic(location: 2, scale: 1.5), mean: 2.0,
                variance: 7.4022033008170185,
                at: [
                    (-20.0, -15.072132628616806, 4.269208970934853e-07),
                    (0.0, -2.206723491596594, 0.20860852732604496),
                    (2.0, -1.791759469228055, 0.5),
                    (15.0, -9.072476209626206, 0.9998277974028811),
                ],
                quantiles: [
                    (0.001, -8.36013216797283), (0.1, -1.2958368660043287), (0.5, 2.0), (0.93, 5.880034016146915),
                    (0.9999, 15.81536055046394),
                ]))
    }

    @Test func `Bernoulli of probability 0·3`() throws {
        check(
            Case(
                "Bernoulli(probability: 0.3)", try Bernoulli(probability: 0.3), mean: 0.3, variance: 0.21,
                at: [
                    (0, -0.35667494393873245, 0.7),
                    (1, -1.2039728043259361, 1.0),
                ],
                quantiles: [(0.001, 0), (0.1, 0), (0.5, 0), (0.93, 1), (0.9999, 1)]))
    }

    @Test func `Binomial of trials 20, probability 0·15`() throws {
        check(
            Case(
                "Binomial(trials: 20, probability: 0.15)", try Binomial(trials: 20, probability: 0.15), mean: 3.0,
                variance: 2.55,
                at: [
                    (0, -3.250378589955498, 0.03875953108451436),
                    (3, -1.4153982147312778, 0.6477251741567033),
                    (12, -12.321792192266427, 0.9999994704876892),
                    (20, -37.942399697717626, 1.0),
                ],
                quantiles: [(0.001, 0), (0.1, 1), (0.5, 3), (0.93, 5), (0.9999, 10)]))
    }

    @Test func `Binomial of trials 500, probability 0·7`() throws {
        check(
            Case(
                "Binomial(trials: 500, probability: 0.7)", try Binomial(trials: 500, probability: 0.7), mean: 350.0,
                variance: 105.00000000000003,
                at: [
                    (300, -14.604422724123964, 1.2314340329861553e-06),
                    (350, -3.2465456915447817, 0.5168651463344844),
                    (400, -15.97687308673514, 0.9999998457322906),
                ],
                quantiles: [(0.001, 318), (0.1, 337), (0.5, 350), (0.93, 365), (0.9999, 387)]))
    }

    @Test func `Poisson of rate 3·2`() throws {
        check(
            Case(
                "Poisson(rate: 3.2)", try Poisson(rate: 3.2), mean: 3.2, variance: 3.2,
                at: [
                    (0, -3.2, 0.04076220397836622),
                    (3, -1.5023070398110128, 0.6025197244055571),
                    (15, -13.652009236755681, 0.9999997106811456),
                ],
                quantiles: [(0.001, 0), (0.1, 1), (0.5, 3), (0.93, 6), (0.9999, 12)]))
    }

    @Test func `Poisson of rate 250`() throws {
        check(
            Case(
                "Poisson(rate: 250)", try Poisson(rate: 250), mean: 250.0, variance: 250.0,
                at: [
                    (180, -14.385147866170087, 1.9547231048248687e-06),
                    (250, -3.6800023252915253, 0.5168122892155392),
                    (330, -15.437210463042675, 0.9999994110151244),
                ],
                quantiles: [(0.001, 203), (0.1, 230), (0.5, 250), (0.93, 274), (0.9999, 311)]))
    }

    @Test func `Geometric of probability 0·2`() throws {
        check(
            Case(
                "Geometric(probability: 0.2)", try Geometric(probability: 0.2), mean: 4.0, variance: 20.0,
                at: [
                    (0, -1.6094379124341003, 0.2),
                    (3, -2.2788685663767296, 0.5904),
                    (40, -10.53517996500249, 0.9998936617603372),
                ],
                quantiles: [(0.001, 0), (0.1, 0), (0.5, 3), (0.93, 11), (0.9999, 41)]))
    }
}
