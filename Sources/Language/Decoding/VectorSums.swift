/// Sums and comparisons over a vocabulary, eight numbers at a time.
enum VectorSums {
    typealias Lane = SIMD8<Double>
    /// Numbers that ``blockSum(_:)`` adds up.
    static let block = 64

    @inline(__always)
    static func load(_ pointer: UnsafePointer<Double>) -> Lane {
        UnsafeRawPointer(pointer).loadUnaligned(as: Lane.self)
    }

    @inline(__always)
    static func blockSum(_ pointer: UnsafePointer<Double>) -> Double {
        var first = load(pointer) + load(pointer + 8)
        var second = load(pointer + 16) + load(pointer + 24)
        first += load(pointer + 32) + load(pointer + 40)
        second += load(pointer + 48) + load(pointer + 56)
        return (first + second).sum()
    }

    /// The sum of all.
    static func sum(_ numbers: UnsafeBufferPointer<Double>) -> Double {
        guard let base = numbers.baseAddress else { return 0 }
        var total = 0.0
        var place = 0
        while place + block <= numbers.count {
            total += blockSum(base + place)
            place += block
        }
        while place < numbers.count {
            total += base[place]
            place += 1
        }
        return total
    }

    /// The sum of those that are at least `floor`.
    static func sum(_ numbers: UnsafeBufferPointer<Double>, atLeast floor: Double) -> Double {
        guard let base = numbers.baseAddress else { return 0 }
        var total = Lane()
        let floors = Lane(repeating: floor)
        var place = 0
        while place + 8 <= numbers.count {
            let lane = load(base + place)
            total += lane.replacing(with: 0, where: lane .< floors)
            place += 8
        }
        var sum = total.sum()
        while place < numbers.count {
            if base[place] >= floor { sum += base[place] }
            place += 1
        }
        return sum
    }

    /// Σ a b.
    static func dot(_ first: UnsafeBufferPointer<Double>, _ second: UnsafeBufferPointer<Double>) -> Double {
        guard let a = first.baseAddress, let b = second.baseAddress else { return 0 }
        var total = Lane()
        var place = 0
        while place + 8 <= first.count {
            total += load(a + place) * load(b + place)
            place += 8
        }
        var sum = total.sum()
        while place < first.count {
            sum += a[place] * b[place]
            place += 1
        }
        return sum
    }

    /// Σ w max(x - shift, -1000), for weights that are 0 where x is that far below.
    static func moment(
        _ weights: UnsafeBufferPointer<Double>, _ numbers: UnsafeBufferPointer<Double>, shift: Double
    ) -> Double {
        guard let w = weights.baseAddress, let x = numbers.baseAddress else { return 0 }
        var total = Lane()
        let (shifts, least) = (Lane(repeating: shift), Lane(repeating: -1000))
        var place = 0
        while place + 8 <= weights.count {
            let distance = load(x + place) - shifts
            total += load(w + place) * distance.replacing(with: least, where: distance .< least)
            place += 8
        }
        var sum = total.sum()
        while place < weights.count {
            sum += w[place] * max(x[place] - shift, -1000)
            place += 1
        }
        return sum
    }

    /// -|x - centre| of all, into `result`.
    static func distances(
        _ numbers: UnsafeBufferPointer<Double>, to centre: Double, into result: UnsafeMutableBufferPointer<Double>
    ) {
        guard let x = numbers.baseAddress, let target = result.baseAddress else { return }
        let centres = Lane(repeating: centre)
        var place = 0
        while place + 8 <= numbers.count {
            let distance = load(x + place) - centres
            UnsafeMutableRawPointer(target + place).storeBytes(
                of: distance.replacing(with: -distance, where: distance .> 0), as: Lane.self)
            place += 8
        }
        while place < numbers.count {
            target[place] = -abs(x[place] - centre)
            place += 1
        }
    }

    /// The sum of the weights of those numbers that are at least `floor`.
    static func sum(
        _ weights: UnsafeBufferPointer<Double>, where numbers: UnsafeBufferPointer<Double>, atLeast floor: Double
    ) -> Double {
        guard let w = weights.baseAddress, let x = numbers.baseAddress else { return 0 }
        var total = Lane()
        let floors = Lane(repeating: floor)
        var place = 0
        while place + 8 <= numbers.count {
            total += load(w + place).replacing(with: 0, where: load(x + place) .< floors)
            place += 8
        }
        var sum = total.sum()
        while place < numbers.count {
            if x[place] >= floor { sum += w[place] }
            place += 1
        }
        return sum
    }

    /// The first place of `number`, which is there, in single precision.
    static func place(of number: Float, in numbers: UnsafeBufferPointer<Float>) -> Int {
        guard let base = numbers.baseAddress else { return 0 }
        let wanted = SIMD16<Float>(repeating: number)
        var place = 0
        while place + 16 <= numbers.count,
            !any(UnsafeRawPointer(base + place).loadUnaligned(as: SIMD16<Float>.self) .== wanted)
        {
            place += 16
        }
        while place < numbers.count - 1, base[place] != number { place += 1 }
        return place
    }

    /// Calls `body` with the places of the numbers that are at least `floor`, in order; quick where they are few.
    @inline(__always)
    static func places(
        in numbers: UnsafeBufferPointer<Double>, atLeast floor: Double, _ body: (Int) -> Void
    ) {
        guard let base = numbers.baseAddress else { return }
        let floors = Lane(repeating: floor)
        var place = 0
        while place + 8 <= numbers.count {
            if any(load(base + place) .>= floors) {
                for offset in place..<place + 8 where base[offset] >= floor { body(offset) }
            }
            place += 8
        }
        while place < numbers.count {
            if base[place] >= floor { body(place) }
            place += 1
        }
    }

    /// The first place of the largest number.
    static func firstLargest(_ numbers: UnsafeBufferPointer<Double>) -> Int {
        guard let base = numbers.baseAddress else { return 0 }
        var best = 0
        var largest = base[0]
        var place = 0
        while place + 8 <= numbers.count {
            if any(load(base + place) .> Lane(repeating: largest)) {
                for offset in place..<place + 8 where base[offset] > largest {
                    largest = base[offset]
                    best = offset
                }
            }
            place += 8
        }
        while place < numbers.count {
            if base[place] > largest {
                largest = base[place]
                best = place
            }
            place += 1
        }
        return best
    }

    /// The first place at which the running sum of `numbers` exceeds `target`, which becomes what is left of it there: whole
    /// blocks first, then one by one. Where rounding leaves none, the last number above 0.
    static func place(of target: inout Double, in numbers: UnsafeBufferPointer<Double>) -> Int {
        guard let base = numbers.baseAddress else { return 0 }
        var place = 0
        while place + block <= numbers.count {
            let sum = blockSum(base + place)
            if target < sum { break }
            target -= sum
            place += block
        }
        while place < numbers.count {
            if target < base[place] { return place }
            target -= base[place]
            place += 1
        }
        return numbers.lastIndex { $0 > 0 } ?? 0
    }
}

// MARK: Single precision

extension VectorSums {
    /// `numbers` less `factor` times `others`.
    static func subtract(
        _ others: UnsafeMutableBufferPointer<Float>, times factor: Float,
        from numbers: UnsafeMutableBufferPointer<Float>
    ) {
        guard let other = others.baseAddress, let own = numbers.baseAddress else { return }
        var place = 0
        while place + 16 <= numbers.count {
            let left =
                UnsafeRawPointer(own + place).loadUnaligned(as: SIMD16<Float>.self)
                - UnsafeRawPointer(other + place).loadUnaligned(as: SIMD16<Float>.self) * factor
            UnsafeMutableRawPointer(own + place).storeBytes(of: left, as: SIMD16<Float>.self)
            place += 16
        }
        while place < numbers.count {
            own[place] -= other[place] * factor
            place += 1
        }
    }

    /// The sum of those above 0, by blocks of 64, and these in double precision.
    static func positiveSum(_ numbers: UnsafeMutableBufferPointer<Float>) -> Double {
        guard let base = numbers.baseAddress else { return 0 }
        var total = 0.0
        var place = 0
        while place + block <= numbers.count {
            var sum = SIMD16<Float>()
            for offset in stride(from: place, to: place + block, by: 16) {
                let lane = UnsafeRawPointer(base + offset).loadUnaligned(as: SIMD16<Float>.self)
                sum += lane.replacing(with: 0, where: lane .< 0)
            }
            total += Double(sum.sum())
            place += block
        }
        while place < numbers.count {
            total += Double(max(0, base[place]))
            place += 1
        }
        return total
    }

    /// Calls `body` with the places of the numbers above `floor`, in order; quick where they are few.
    @inline(__always)
    static func places(in numbers: UnsafeBufferPointer<Float>, above floor: Float, _ body: (Int) -> Void) {
        guard let base = numbers.baseAddress else { return }
        let floors = SIMD16<Float>(repeating: floor)
        var place = 0
        while place + 16 <= numbers.count {
            if any(UnsafeRawPointer(base + place).loadUnaligned(as: SIMD16<Float>.self) .> floors) {
                for offset in place..<place + 16 where base[offset] > floor { body(offset) }
            }
            place += 16
        }
        while place < numbers.count {
            if base[place] > floor { body(place) }
            place += 1
        }
    }
}
