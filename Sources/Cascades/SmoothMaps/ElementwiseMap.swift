/// The same function of every number: an activation.
public struct ElementwiseMap: SmoothMap, Hashable, Codable {
    /// The function.
    public let function: ElementaryFunction
    /// How many numbers go in and come out.
    public let count: Int

    /// `function` of each of `count` numbers.
    public init(_ function: ElementaryFunction, count: Int) {
        precondition(count >= 0, "counts are not negative")
        self.function = function
        self.count = count
    }

    public var parameterCount: Int { 0 }
    public var inputCount: Int { count }
    public var outputCount: Int { count }

    @inlinable
    public func apply<Scalar: SmoothScalar>(_ parameters: Span<Scalar>, to input: Span<Scalar>) -> [Scalar] {
        var output: [Scalar] = []
        output.reserveCapacity(count)
        for index in 0..<count { output.append(input[index].applying(function)) }
        return output
    }

    public func pullback(
        _ cotangent: Span<Double>, parameters: Span<Double>, input: Span<Double>, addingTo gradient: inout [Double],
        at offset: Int
    ) -> [Double] {
        (0..<count).map { index in
            function.derivative(at: input[index], value: function(input[index])) * cotangent[index]
        }
    }
}
