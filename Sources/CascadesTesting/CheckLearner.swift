public import Cascades
public import Probability

/// Checks that a learner learns in a context as it updates and requests, asking the context once, about its answer.
public func checkLearner<L: OpenLearner>(
    _ learner: L, parameters: [L.Parameters], inputs: [L.Input], targets: [L.Output]
) -> [LawViolation] where L.Parameters: Equatable, L.Input: Equatable, L.Output: Equatable {
    var violations: [LawViolation] = []
    for p in parameters {
        for input in inputs {
            for target in targets {
                let place = "parameters \(p), input \(input), target \(target)"
                var asked: [L.Output] = []
                let lesson = learner.learn(p, input) { output in
                    asked.append(output)
                    return target
                }
                if asked != [learner.implement(p, input)] {
                    violations.append(LawViolation("the context is asked once, about the answer", place))
                }
                if lesson.parameters != learner.update(p, input, toward: target) {
                    violations.append(LawViolation("a lesson has the update", place))
                }
                if lesson.request != learner.request(p, input, toward: target) {
                    violations.append(LawViolation("a lesson has the request", place))
                }
            }
        }
    }
    return violations
}

/// Checks that `left` and `right` are one learner, up to renaming the parameters by `rename`.
public func checkSameLearner<L: OpenLearner, R: OpenLearner>(
    _ law: String, _ left: L, _ right: R, parameters: [L.Parameters], inputs: [L.Input], targets: [L.Output],
    rename: (L.Parameters) -> R.Parameters
) -> [LawViolation]
where
    L.Input == R.Input, L.Output == R.Output, R.Parameters: Equatable, L.Input: Equatable, L.Output: Equatable
{
    var violations: [LawViolation] = []
    for p in parameters {
        for input in inputs {
            if left.implement(p, input) != right.implement(rename(p), input) {
                violations.append(LawViolation(law, "the answers at \(p), \(input)"))
            }
            for target in targets {
                let (one, two) = (
                    left.learn(p, input) { _ in target }, right.learn(rename(p), input) { _ in target }
                )
                if rename(one.parameters) != two.parameters {
                    violations.append(LawViolation(law, "the updates at \(p), \(input), \(target)"))
                }
                if one.request != two.request {
                    violations.append(LawViolation(law, "the requests at \(p), \(input), \(target)"))
                }
            }
        }
    }
    return violations
}

/// Checks the laws of a symmetric monoidal category on three learners that follow one another, on every combination of
/// the parameters, inputs and targets given: exactly, so numbers must be such that no operation rounds.
///
/// Laws: `>>>` is associative with the identity as unit; it interchanges with `***`; what is composed learns in one pass
/// as it updates and requests.
public func checkLearnerComposition<A: OpenLearner, B: OpenLearner, C: OpenLearner>(
    _ a: A, _ b: B, _ c: C, parameters: ([A.Parameters], [B.Parameters], [C.Parameters]), inputs: [A.Input],
    middles: [B.Input], targets: [C.Output]
) -> [LawViolation]
where
    A.Output == B.Input, B.Output == C.Input, A.Input: Equatable, B.Input: Equatable, C.Input: Equatable,
    C.Output: Equatable, A.Parameters: Equatable, B.Parameters: Equatable, C.Parameters: Equatable
{
    let triples = parameters.0.flatMap { p in
        parameters.1.flatMap { q in parameters.2.map { r in Pair(Pair(p, q), r) } }
    }
    let units = parameters.0.map { Pair(Pair(Trivial(), $0), Trivial()) }
    let units2 = targetsOf(a, parameters.0, inputs)
    var violations = checkLearner(
        (a >>> b) >>> c, parameters: triples, inputs: inputs, targets: targets)
    violations += checkSameLearner(
        "composition is associative", (a >>> b) >>> c, a >>> (b >>> c), parameters: triples, inputs: inputs,
        targets: targets
    ) { Pair($0.first.first, Pair($0.first.second, $0.second)) }
    violations += checkSameLearner(
        "the identity is the unit of composition", IdentityLearner<A.Input>() >>> a >>> IdentityLearner<A.Output>(), a,
        parameters: units, inputs: inputs, targets: units2
    ) { $0.first.second }
    // (a *** b) >>> (b *** c) against (a >>> b) *** (b >>> c).
    let quadruples = parameters.0.flatMap { p in
        parameters.1.flatMap { q in parameters.1.flatMap { s in parameters.2.map { r in Pair(Pair(p, q), Pair(s, r)) } }
        }
    }
    let outputs = targetsOf(b, parameters.1, middles)
    violations += checkSameLearner(
        "sequence and product interchange", (a *** b) >>> (b *** c), (a >>> b) *** (b >>> c), parameters: quadruples,
        inputs: inputs.flatMap { input in middles.map { Pair(input, $0) } },
        targets: outputs.flatMap { output in targets.map { Pair(output, $0) } }
    ) { Pair(Pair($0.first.first, $0.second.first), Pair($0.first.second, $0.second.second)) }
    return violations
}

/// Checks that gradient descent respects composition: the learner of `f >>> g` is the learner of `f`, then that of `g`,
/// and the same for `***`, at `points` random points, standard normal, to `tolerance` relative to the size.
///
/// - Parameter prepared: brings inputs into the means that the family has.
public func checkGradientFunctor<F: SmoothMap, G: SmoothMap>(
    _ f: F, _ g: G, family: MeanFamily, rate: Double, points: Int = 20, tolerance: Double = 1e-12,
    prepared: ([Double]) -> [Double] = { $0 }, using random: inout Random
) -> [LawViolation] {
    var violations: [LawViolation] = []
    func normals(_ count: Int) -> [Double] { (0..<count).map { _ in random.normal() } }
    let (one, two) = (
        GradientLearner(f, family: family, rate: rate), GradientLearner(g, family: family, rate: rate)
    )
    let whole = GradientLearner(f >>> g, family: family, rate: rate)
    let beside = GradientLearner(f *** g, family: family, rate: rate)
    let parts = one >>> two
    let pair = one *** two
    for point in 0..<points {
        let (p, q) = (normals(f.parameterCount), normals(g.parameterCount))
        let x = prepared(normals(f.inputCount))
        let target = prepared(normals(g.outputCount))
        let left = whole.learn(p + q, x) { _ in target }
        let right = parts.learn(Pair(p, q), x) { _ in target }
        violations += compare(
            left.parameters, right.parameters.first + right.parameters.second,
            "the learner of a sequence updates as the sequence of learners", tolerance, "point \(point)")
        violations += compare(
            left.request, right.request, "the learner of a sequence requests as the sequence of learners", tolerance,
            "point \(point)")

        let (x2, target2) = (prepared(normals(g.inputCount)), prepared(normals(f.outputCount)))
        let both = beside.learn(p + q, x + x2) { _ in target2 + target }
        let apart = pair.learn(Pair(p, q), Pair(x, x2)) { _ in Pair(target2, target) }
        violations += compare(
            both.parameters + both.request,
            apart.parameters.first + apart.parameters.second + apart.request.first + apart.request.second,
            "the learner of a product is the product of learners", tolerance, "point \(point)")
    }
    return violations
}

/// Checks that a model's learner climbs its log-density: one update adds `rate` times the gradient to the parameters.
public func checkMaximumLikelihood<Model: MaximumLikelihoodModel>(
    _ model: Model, data: [Pair<Model.Input, Model.Output>], rate: Double = 0.125, tolerance: Double = 1e-12
) -> [LawViolation] {
    var violations: [LawViolation] = []
    let learner = model.learner(rate: rate)
    for (index, item) in data.enumerated() {
        let next = learner.update(model.learnerParameters, item.first, toward: item.second)
        violations += compare(
            model.with(learnerParameters: next).parameters,
            moved(model.parameters, rate, model.gradient(of: item.second, given: item.first)),
            "a lesson is a step up the log-density", tolerance, "item \(index)")
    }
    return violations
}

/// What a learner answers.
private func targetsOf<L: OpenLearner>(_ learner: L, _ parameters: [L.Parameters], _ inputs: [L.Input]) -> [L.Output] {
    parameters.flatMap { p in inputs.map { learner.implement(p, $0) } }
}
