/// The largest difference of two lists, relative to the largest number if that is above 1; infinite where the lists have
/// another length or a number that is not finite.
func largestDifference(_ left: [Double], _ right: [Double]) -> Double {
    guard left.count == right.count, (left + right).allSatisfy(\.isFinite) else { return .infinity }
    let size = right.reduce(1) { max($0, abs($1)) }
    return zip(left, right).reduce(0) { max($0, abs($1.0 - $1.1) / size) }
}
