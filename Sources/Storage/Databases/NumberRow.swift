/// A row of numbers as bytes: 8 a number, the least significant first, so that every bit is kept.
enum NumberRow {
    static func bytes(_ numbers: [Double]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: numbers.count * 8) { buffer, count in
            let raw = UnsafeMutableRawBufferPointer(buffer)
            for (index, number) in numbers.enumerated() {
                raw.storeBytes(of: number.bitPattern.littleEndian, toByteOffset: index * 8, as: UInt64.self)
            }
            count = numbers.count * 8
        }
    }

    /// The numbers of `bytes`.
    /// - Throws: ``StorageError/unexpectedValue(column:expected:found:)`` where a number is cut.
    static func numbers(_ bytes: [UInt8], column: Int) throws -> [Double] {
        guard bytes.count % 8 == 0 else {
            throw StorageError.unexpectedValue(column: column, expected: "8 bytes a number", found: "\(bytes.count)")
        }
        return bytes.withUnsafeBytes { raw in
            (0..<bytes.count / 8).map {
                Double(
                    bitPattern: UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self)))
            }
        }
    }
}

extension SQLRow {
    /// The number of column `column`, `NaN` where it has no value.
    func numberOrMissing(_ column: Int) throws -> Double { isNull(column) ? .nan : try double(column) }

    /// The numbers that column `column` holds as bytes; none where it has no value.
    func numbers(_ column: Int) throws -> [Double] {
        isNull(column) ? [] : try NumberRow.numbers(try bytes(column), column: column)
    }
}

extension SQLValue {
    /// Numbers as bytes, or nothing where there are none.
    static func numbers(_ numbers: [Double]) -> SQLValue {
        numbers.isEmpty ? .null : .bytes(NumberRow.bytes(numbers))
    }
}
