import Inference
import Testing

@Suite struct `errors of inference` {
    @Test(arguments: [
        (InferenceError.nonFinite(what: "the log-density", place: "step 3, particle 7", value: .nan), "step 3"),
        (.zeroTotalWeight(place: "step 12"), "step 12"),
        (.impossibleObservation(place: "x[4]"), "x[4]"),
        (.badLine(file: "train.txt", line: 9, reason: "no label"), "train.txt:9"),
        (.disconnected(what: "the comparison", parts: ["a, b", "c"]), "2 parts"),
    ])
    func `name the place`(error: InferenceError, place: String) {
        #expect(error.description.contains(place))
    }
}
