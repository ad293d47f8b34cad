/// A run of neighbouring particles of a cloud: a column of numbers for each dimension of the state.
///
/// Models read and write whole columns, `particles[dimension]`, `[count]`, so that their loops run over contiguous
/// memory. A block is only good for the call that it is handed to.
public struct ParticleBlock {
    @usableFromInline let base: UnsafeMutablePointer<Double>
    /// Distance between two columns, in numbers.
    @usableFromInline let stride: Int
    /// Numbers that make up a particle.
    public let dimension: Int
    /// Particles in the block.
    public let count: Int
    /// Place of the first one in its cloud.
    public let start: Int

    @usableFromInline
    init(base: UnsafeMutablePointer<Double>, stride: Int, dimension: Int, count: Int, start: Int) {
        self.base = base
        self.stride = stride
        self.dimension = dimension
        self.count = count
        self.start = start
    }

    /// The column of one dimension, `[count]`.
    @inlinable
    public subscript(column: Int) -> UnsafeMutableBufferPointer<Double> {
        precondition(column >= 0 && column < dimension, "a particle of \(dimension) numbers has no column \(column)")
        return UnsafeMutableBufferPointer(start: base + column * stride, count: count)
    }

    /// One particle.
    @inlinable
    public func particle(_ index: Int) -> Particle { Particle(base: base + index, stride: stride) }
}

/// One particle of a block, read number by number.
public struct Particle {
    @usableFromInline let base: UnsafePointer<Double>
    @usableFromInline let stride: Int

    @usableFromInline
    init(base: UnsafePointer<Double>, stride: Int) {
        self.base = base
        self.stride = stride
    }

    @inlinable
    init(base: UnsafeMutablePointer<Double>, stride: Int) {
        self.init(base: UnsafePointer(base), stride: stride)
    }

    /// Number `dimension` of its state.
    @inlinable
    public subscript(dimension: Int) -> Double { base[dimension * stride] }
}
