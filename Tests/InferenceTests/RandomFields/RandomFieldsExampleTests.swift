import Foundation
import Inference
import NumericalMethods
import Testing

@Suite struct `the example of the article on random fields` {
    @Test func `does what it says`() throws {
        var data = TaggedSequences()
        try data.append(
            crfsuite: Data("DET\tw=the\nNOUN\tw=dog\nVERB\tw=barks\n\nDET\tw=a\nNOUN\tw=bark\n\n".utf8),
            file: "train.txt")
        let fit = try QuasiNewtonTraining(penalty: ElasticNet(squares: 0.1)).fit(data)
        #expect(try fit.field.tags(for: data)[0] == ["DET", "NOUN", "VERB"])
        let chain = try fit.field.potentials(of: 0, in: data)
        #expect(try chain.marginals().probability(position: 1, label: 1) > 0.8)
        #expect(try chain.bestPaths(3).map(\.score).sorted(by: >) == chain.bestPaths(3).map(\.score))
        #expect(try chain.restricted { position, label in position != 0 || label == 1 }.bestPath().path[0] == 1)
        let bytes = try fit.field.encoded()
        #expect(try LinearChainField.read(bytes, file: "tagger.json") == fit.field)
    }

    @Test func `reaches CRFsuite's loss on a small set`() throws {
        // Printed by CRFsuite 0.12 through python-crfsuite 0.9.12 (c1 = 0, c2 = 1; c1 = 0.5, c2 = 0.01) for this text.
        var data = TaggedSequences()
        try data.append(crfsuite: Data(Self.text.utf8), file: "small")
        let tight = LimitedMemoryBFGS(gradientTolerance: 1e-8, valueTolerance: 0)
        let squared = try QuasiNewtonTraining(penalty: ElasticNet(squares: 1), search: tight).fit(data)
        let net = try QuasiNewtonTraining(penalty: ElasticNet(absolute: 0.5, squares: 0.01), search: tight).fit(data)
        #expect(squared.field.features.count == 38)
        #expect(abs(squared.loss - 35.380046) < 2e-6)
        #expect(abs(net.loss - 31.292256) < 2e-5)
    }

    private static let text = """
        C\tw8\te0\tn:-2.34
        C\tw1\te1\tn:0.51
        C\tw6\te2

        B\tw4\te0\tn:0.16
        B\tw3\te3
        A\tw2\te2
        A\tw2\te2
        C\tw7\te3\tn:-0.52
        A\tw4\te0\tn:-0.43

        A\tw1\te1\tn:1.29
        C\tw7\te3
        B\tw0\te0
        B\tw4\te0\tn:-0.12
        A\tw0\te0\tn:-0.06

        B\tw4\te0
        C\tw5\te1
        A\tw2\te2
        A\tw2\te2

        A\tw2\te2
        B\tw3\te3\tn:-1.83
        C\tw7\te3
        A\tw0\te0
        A\tw2\te2
        B\tw4\te0\tn:-1.34

        B\tw2\te2
        B\tw4\te0
        B\tw1\te1\tn:2.53
        B\tw4\te0\tn:-0.18

        B\tw5\te1\tn:0.39
        B\tw4\te0\tn:-1.68
        B\tw4\te0\tn:1.58

        A\tw1\te1\tn:-0.19
        B\tw5\te1\tn:-1.01
        B\tw3\te3
        B\tw5\te1
        B\tw4\te0
        C\tw8\te0

        A\tw2\te2
        C\tw4\te0
        A\tw2\te2
        C\tw8\te0\tn:-1.29
        A\tw0\te0\tn:1.12

        B\tw5\te1\tn:-0.23

        A\tw1\te1
        B\tw8\te0\tn:1.34

        A\tw2\te2\tn:0.31
        A\tw2\te2
        A\tw1\te1

        """
}
