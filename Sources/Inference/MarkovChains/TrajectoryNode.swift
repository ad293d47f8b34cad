internal import Foundation
public import Probability

/// e^x by the C library, once per point of a trajectory.
@usableFromInline
func pointExp(_ x: Double) -> Double { exp(x) }

/// A complete binary sub-tree of a trajectory: its outer momenta, their sum, and the point drawn from it so far.
///
/// Vectors lie in the chain's scratch memory; merging two nodes swaps pointers instead of copying what they point to.
@usableFromInline
struct TrajectoryNode {
    /// How many vectors a node owns.
    @usableFromInline static let vectors = 5

    /// The momentum at the point built first.
    @usableFromInline var begin: UnsafeMutablePointer<Double>
    /// The momentum at the point built last.
    @usableFromInline var end: UnsafeMutablePointer<Double>
    /// The sum of the momenta of all points.
    @usableFromInline var rho: UnsafeMutablePointer<Double>
    /// The point drawn, and the gradient there.
    @usableFromInline var position: UnsafeMutablePointer<Double>
    @usableFromInline var gradient: UnsafeMutablePointer<Double>
    /// The sum of the points' weights.
    @usableFromInline var weight = 0.0
    /// Log-density and energy of the point drawn.
    @usableFromInline var logDensity = 0.0
    @usableFromInline var energy = 0.0

    /// A node that owns the `vectors` vectors of `dimension` numbers at `memory`.
    @inlinable @inline(__always)
    init(_ memory: UnsafeMutablePointer<Double>, _ dimension: Int) {
        begin = memory
        end = memory + dimension
        rho = memory + 2 * dimension
        position = memory + 3 * dimension
        gradient = memory + 4 * dimension
    }

    /// Becomes the single point `point`: position, momentum and gradient one after the other.
    @inlinable @inline(__always)
    mutating func setLeaf(
        _ point: UnsafePointer<Double>, _ dimension: Int, weight: Double, logDensity: Double, energy: Double
    ) {
        for i in 0..<dimension {
            let momentum = point[dimension + i]
            begin[i] = momentum
            end[i] = momentum
            rho[i] = momentum
            position[i] = point[i]
            gradient[i] = point[2 * dimension + i]
        }
        self.weight = weight
        self.logDensity = logDensity
        self.energy = energy
    }

    /// Takes in `next`, the node of the same size that follows; false where the whole has turned back.
    @inlinable @inline(__always)
    mutating func merge(
        _ next: inout TrajectoryNode, _ dimension: Int, isPairOfLeaves: Bool, _ random: inout Random
    ) -> Bool {
        let goesOn =
            isPairOfLeaves
            ? Self.isStraight(begin, next.end, dimension)
            : Self.isStraight(begin, end, rho, next.begin, next.end, next.rho, dimension)
        if !goesOn { return false }
        for i in 0..<dimension { rho[i] += next.rho[i] }
        weight += next.weight
        if weight * random.uniform() < next.weight {
            swap(&position, &next.position)
            swap(&gradient, &next.gradient)
            logDensity = next.logDensity
            energy = next.energy
        }
        swap(&end, &next.end)
        return true
    }

    /// The criterion for two points: ρ is the sum of their momenta.
    @inlinable @inline(__always)
    static func isStraight(
        _ first: UnsafePointer<Double>, _ second: UnsafePointer<Double>, _ dimension: Int
    ) -> Bool {
        var (a, b, both) = (0.0, 0.0, 0.0)
        for i in 0..<dimension {
            a += first[i] * first[i]
            b += second[i] * second[i]
            both += first[i] * second[i]
        }
        return a + both > 0 && b + both > 0
    }

    /// The criterion for two neighbouring trajectories: for the whole, and for each with the nearest point of the other.
    ///
    /// Momenta are those of the unit metric, where velocity and momentum are the same.
    @inlinable @inline(__always)
    static func isStraight(
        _ firstBegin: UnsafePointer<Double>, _ firstEnd: UnsafePointer<Double>, _ firstRho: UnsafePointer<Double>,
        _ secondBegin: UnsafePointer<Double>, _ secondEnd: UnsafePointer<Double>, _ secondRho: UnsafePointer<Double>,
        _ dimension: Int
    ) -> Bool {
        // Lanes: the product with the outer point of the first, and with that of the second.
        var whole = SIMD2<Double>()
        var left = SIMD2<Double>()
        var right = SIMD2<Double>()
        for i in 0..<dimension {
            let (a, b) = (firstBegin[i], secondEnd[i])
            let sum = firstRho[i] + secondRho[i]
            whole += sum * SIMD2(a, b)
            left += (firstRho[i] + secondBegin[i]) * SIMD2(a, secondBegin[i])
            right += (secondRho[i] + firstEnd[i]) * SIMD2(firstEnd[i], b)
        }
        let least = pointwiseMin(whole, pointwiseMin(left, right))
        return least[0] > 0 && least[1] > 0
    }
}
