/// The record of a computation, read backward for the derivatives in all its variables at once.
///
///     let tape = Tape()
///     let (x, y) = (tape.variable(2), tape.variable(3))
///     tape.adjoints(of: [x * y], cotangent: [1].span)       // [3, 2, 1]: of x, of y, of their product
///
/// Its length is the number of operations; it is not meant to be shared between tasks.
public final class Tape {
    /// One operation: what it was made of, and its derivatives in those; index −1 where there is nothing.
    @usableFromInline struct Entry {
        @usableFromInline var left: Int32
        @usableFromInline var right: Int32
        @usableFromInline var leftWeight: Double
        @usableFromInline var rightWeight: Double

        @inlinable
        init(_ left: Int32, _ leftWeight: Double, _ right: Int32, _ rightWeight: Double) {
            self.left = left
            self.right = right
            self.leftWeight = leftWeight
            self.rightWeight = rightWeight
        }
    }

    @usableFromInline var entries: [Entry] = []

    /// An empty tape.
    @inlinable public init() {}

    /// How many variables and operations are on the tape.
    @inlinable public var count: Int { entries.count }

    /// A new variable.
    @inlinable
    public func variable(_ value: Double) -> TapedScalar { push(value, Entry(-1, 0, -1, 0)) }

    @inlinable
    func push(_ value: Double, _ entry: Entry) -> TapedScalar {
        entries.append(entry)
        return TapedScalar(value, Int32(truncatingIfNeeded: entries.count - 1), self)
    }

    /// `sum_k cotangent_k d output_k / d v` for everything `v` on the tape, in the order in which it came.
    @inlinable
    public func adjoints(of outputs: [TapedScalar], cotangent: Span<Double>) -> [Double] {
        var adjoints = [Double](repeating: 0, count: entries.count)
        for (index, output) in outputs.enumerated() where output.index >= 0 {
            adjoints[Int(output.index)] += cotangent[index]
        }
        for index in entries.indices.reversed() where adjoints[index] != 0 {
            let entry = entries[index]
            if entry.left >= 0 { adjoints[Int(entry.left)] += entry.leftWeight * adjoints[index] }
            if entry.right >= 0 { adjoints[Int(entry.right)] += entry.rightWeight * adjoints[index] }
        }
        return adjoints
    }
}

/// A number whose operations are written down on a ``Tape``; constants are not.
public struct TapedScalar: SmoothScalar {
    /// The number.
    public let value: Double
    /// Its place on the tape, −1 for a constant.
    @usableFromInline let index: Int32
    @usableFromInline let tape: Tape?

    @inlinable
    init(_ value: Double, _ index: Int32, _ tape: Tape?) {
        self.value = value
        self.index = index
        self.tape = tape
    }

    @inlinable
    public init(_ constant: Double) { self.init(constant, -1, nil) }

    @inlinable
    static func record(
        _ value: Double, _ left: TapedScalar, _ leftWeight: Double, _ right: TapedScalar, _ rightWeight: Double
    ) -> TapedScalar {
        guard let tape = left.tape ?? right.tape else { return TapedScalar(value) }
        return tape.push(value, Tape.Entry(left.index, leftWeight, right.index, rightWeight))
    }

    @inlinable
    static func record(_ value: Double, _ part: TapedScalar, _ weight: Double) -> TapedScalar {
        guard let tape = part.tape else { return TapedScalar(value) }
        return tape.push(value, Tape.Entry(part.index, weight, -1, 0))
    }

    @inlinable
    public static func + (left: TapedScalar, right: TapedScalar) -> TapedScalar {
        record(left.value + right.value, left, 1, right, 1)
    }

    @inlinable
    public static func - (left: TapedScalar, right: TapedScalar) -> TapedScalar {
        record(left.value - right.value, left, 1, right, -1)
    }

    @inlinable
    public static func * (left: TapedScalar, right: TapedScalar) -> TapedScalar {
        record(left.value * right.value, left, right.value, right, left.value)
    }

    @inlinable
    public static func / (left: TapedScalar, right: TapedScalar) -> TapedScalar {
        let quotient = left.value / right.value
        return record(quotient, left, 1 / right.value, right, -quotient / right.value)
    }

    @inlinable
    public static prefix func - (number: TapedScalar) -> TapedScalar { record(-number.value, number, -1) }

    @inlinable
    public func applying(_ function: ElementaryFunction) -> TapedScalar {
        let result = function(value)
        return Self.record(result, self, function.derivative(at: value, value: result))
    }
}
