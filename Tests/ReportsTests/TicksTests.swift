import Foundation
import Testing

@testable import Reports

@Suite struct `the ticks of an axis` {
    private func texts(_ axis: Axis, _ range: ClosedRange<Double>, _ target: Int = 5) -> [String] {
        Ticks(axis, range: range, target: target).ticks.map(\.text)
    }

    @Test func `are round`() {
        #expect(texts(Axis(""), 0...1) == ["0", "0.2", "0.4", "0.6", "0.8", "1.0"])
        #expect(texts(Axis("", format: .percent), 0.62...0.91) == ["65%", "70%", "75%", "80%", "85%", "90%"])
        #expect(texts(Axis("", format: .currency("$")), -3...3) == ["−$3", "−$2", "−$1", "$0", "$1", "$2", "$3"])
        #expect(texts(Axis(""), 0...1_000_000) == ["0", "200k", "400k", "600k", "800k", "1M"])
        #expect(texts(Axis(""), 100_000...100_400, 4) == ["100k", "100.1k", "100.2k", "100.3k", "100.4k"])
    }

    @Test func `are powers of ten, and parts of them, on a logarithmic axis`() {
        #expect(
            texts(Axis("", scale: .logarithmic), 0.01...1, 8) == ["0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1"])
        #expect(texts(Axis("", scale: .logarithmic), 1e-6...1e6, 5) == ["1e−6", "0.001", "1", "1000", "1M"])
        // Less than a decade: linear steps.
        #expect(texts(Axis("", scale: .logarithmic), 2.1...2.9) == ["2.2", "2.4", "2.6", "2.8"])
    }

    @Test func `lie within any range, in order, each with its own text`() {
        var state: UInt64 = 7
        func random() -> Double {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(state >> 11) / Double(1 << 53)
        }
        for _ in 0..<3000 {
            let size = pow(10, random() * 24 - 12)
            let low = (random() - 0.5) * size
            let range = low...(low + size * (0.001 + random()))
            let ticks = Ticks(Axis(""), range: range, target: 5).ticks
            let slack = (range.upperBound - range.lowerBound) * 1e-6
            #expect(ticks.count >= 2 && ticks.count <= 14, "\(range)")
            #expect(ticks.allSatisfy { $0.value >= low - slack && $0.value <= range.upperBound + slack }, "\(range)")
            #expect(
                zip(ticks, ticks.dropFirst()).allSatisfy { $0.value < $1.value && $0.text != $1.text },
                "\(range) \(ticks)")
            let positive = (size * (0.01 + random()))...(size * (1.1 + pow(10, random() * 8)))
            let logarithmic = Ticks(Axis("", scale: .logarithmic), range: positive, target: 5).ticks
            #expect(logarithmic.count >= 2 && logarithmic.count <= 14, "\(positive)")
            #expect(
                zip(logarithmic, logarithmic.dropFirst()).allSatisfy { $0.value < $1.value && $0.text != $1.text },
                "\(positive)")
        }
    }
}
