import Cascades
import Deferral
import Language

extension VirtualModel {
    /// The stage that savings are reckoned against: the one that the policy was measured against, or else the dearest.
    var referenceStage: GatewayStage {
        if let index = rule?.file.frontier?.reference, stages.indices.contains(index) { return stages[index] }
        // Three tokens read for one written is about what conversations have; between stages it hardly ever matters.
        func price(_ stage: GatewayStage) -> Double {
            stage.cost(TokenCounts(read: 3000, written: 1000), seconds: 0).money
        }
        return stages.dropFirst().reduce(stages[0]) { price($1) > price($0) ? $1 : $0 }
    }

    /// What the reference stage would have taken for the answers of `requests` requests, in dollars: what it took where it
    /// answered; elsewhere its price of the tokens that were read and written, as if its answers were as long.
    func referenceMoney(
        answeredBy stage: String, money: Double, tokensIn: Double, tokensOut: Double, requests: Double
    ) -> Double {
        let reference = referenceStage
        if stage == reference.name { return money }
        let prices = reference.prices
        return prices.perCall * requests
            + (prices.perMillionTokensIn * tokensIn + prices.perMillionTokensOut * tokensOut) / 1e6
    }

    /// What the reference stage would have taken for the answer of `record`, or what an answer given again took at first;
    /// nothing where there is none.
    func referenceMoney(_ record: RequestRecord) -> Double {
        guard let name = record.answeredBy,
            let cost = record.choices.last(where: { $0.name == name && $0.failure == nil })?.cost
        else { return record.repeatedMoney }
        return referenceMoney(
            answeredBy: name, money: cost.money, tokensIn: cost.tokensIn, tokensOut: cost.tokensOut, requests: 1)
    }
}
