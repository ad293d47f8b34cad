internal import CVectorKernels

// Fills by whole blocks, eight at a time. The stream goes on at the first block that has not been computed; what was left
// of a block begun before is passed over, so a fill depends on the seed, the path of splits and the draws before it only.
extension Random {
    /// Fills `target` with standard normal numbers by Box and Muller's transform: several times faster than
    /// ``fillNormal(_:)``, with a layout of its own.
    ///
    /// Sixteen numbers come from eight blocks b, ..., b + 7 of the stream. Block b + j gives a radius √(-2 ln u) from its
    /// first number, with u an odd multiple of 2^-53, and a direction from its second; the j-th of the sixteen is the one
    /// part, the (8 + j)-th the other. A fill of a count that isn't a multiple of 16 leaves the rest of its last group.
    /// No number is beyond 8.6; the chance of that under the normal distribution is 1e-17.
    ///
    /// - Source: G. Box and M. Muller, "A note on the generation of random normal deviates", 1958.
    public mutating func fillNormals(_ target: UnsafeMutableBufferPointer<Double>) {
        position = 8
        guard let start = target.baseAddress else { return }
        cvk_normals(nextBlock, stream, key, start, target.count)
        nextBlock &+= UInt64((target.count + 15) / 16 * 8)
    }

    /// Fills `target` with numbers in [0, 1), multiples of 2^-53: what as many calls of ``uniform()`` would give on a stream
    /// whose last block is used up. An odd count leaves the second half of its last block.
    public mutating func fillUniforms(_ target: UnsafeMutableBufferPointer<Double>) {
        position = 8
        guard let start = target.baseAddress else { return }
        let blocks = target.count / 2
        cvk_uniforms(nextBlock, stream, key, start, blocks)
        nextBlock &+= UInt64(blocks)
        if target.count % 2 == 1 {
            withUnsafeTemporaryAllocation(of: Double.self, capacity: 2) { pair in
                cvk_uniforms(nextBlock, stream, key, pair.baseAddress, 1)
                target[target.count - 1] = pair[0]
            }
            nextBlock &+= 1
        }
    }
}
