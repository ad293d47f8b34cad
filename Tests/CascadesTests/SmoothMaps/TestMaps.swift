import Cascades

/// Every kind of operation: sums, products, quotients, functions; two parameters, two inputs, two outputs.
struct Knot: SmoothMap {
    var parameterCount: Int { 2 }
    var inputCount: Int { 2 }
    var outputCount: Int { 2 }
    func apply<Scalar: SmoothScalar>(_ p: Span<Scalar>, to x: Span<Scalar>) -> [Scalar] {
        let product = x[0] * x[1] - p[0]
        let quotient = (p[1] + x[0].applying(.sine)) / (Scalar(2) + x[1] * x[1])
        let root = (Scalar(1) + product * product).applying(.squareRoot)
        return [quotient * root, -product.applying(.hyperbolicTangent) + x[0].applying(.cosine)]
    }
}

/// `x y`, whose derivatives are known by heart.
struct Multiplication: SmoothMap {
    var parameterCount: Int { 0 }
    var inputCount: Int { 2 }
    var outputCount: Int { 1 }
    func apply<Scalar: SmoothScalar>(_ parameters: Span<Scalar>, to input: Span<Scalar>) -> [Scalar] {
        [input[0] * input[1]]
    }
}

/// A map whose pullback is off by a factor.
struct WrongPullback: SmoothMap {
    var factor = 1.01
    var parameterCount: Int { 0 }
    var inputCount: Int { 1 }
    var outputCount: Int { 1 }
    func apply<Scalar: SmoothScalar>(_ parameters: Span<Scalar>, to input: Span<Scalar>) -> [Scalar] {
        [input[0] * input[0]]
    }
    func pullback(
        _ cotangent: Span<Double>, parameters: Span<Double>, input: Span<Double>, addingTo gradient: inout [Double],
        at offset: Int
    ) -> [Double] { [2 * factor * input[0] * cotangent[0]] }
}

/// A number that counts the operations made on it.
struct CountedScalar: SmoothScalar {
    final class Counter {
        var count = 0
    }
    var value: Double
    var counter: Counter?

    init(_ constant: Double) { value = constant }
    init(_ value: Double, _ counter: Counter?) {
        self.value = value
        self.counter = counter
    }
    static func counted(_ value: Double, _ left: CountedScalar, _ right: CountedScalar) -> CountedScalar {
        let counter = left.counter ?? right.counter
        counter?.count += 1
        return CountedScalar(value, counter)
    }
    static func + (left: Self, right: Self) -> Self { counted(left.value + right.value, left, right) }
    static func - (left: Self, right: Self) -> Self { counted(left.value - right.value, left, right) }
    static func * (left: Self, right: Self) -> Self { counted(left.value * right.value, left, right) }
    static func / (left: Self, right: Self) -> Self { counted(left.value / right.value, left, right) }
    static prefix func - (number: Self) -> Self { counted(-number.value, number, number) }
    func applying(_ function: ElementaryFunction) -> Self { Self.counted(function(value), self, self) }
}
