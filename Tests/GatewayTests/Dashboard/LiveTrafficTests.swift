import Cascades
import Foundation
import Logging
import NIOCore
import Reports
import Storage
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(5))) struct `live traffic` {
    private static func record(
        _ number: Int, at time: Double, model: String = "cascade", asked: [String] = ["small"],
        decision: Gateway.RequestRecord.Decision = .answered
    ) -> Gateway.RequestRecord {
        var record = Gateway.RequestRecord(
            id: "req_\(number)", time: time, api: .chatCompletions, model: model,
            schema: LogSchema(stages: asked.map { StageSchema(name: $0) }))
        record.choices = asked.enumerated().map { index, name in
            var choice = Gateway.RequestRecord.Choice(stage: index, name: name, start: 0, duration: 0.1)
            choice.cost = Cost(money: 0.5, tokensIn: 10, tokensOut: 5)
            choice.output = "a text"
            return choice
        }
        record.input = "a text"
        record.answeredBy = decision == .answered ? asked.last : nil
        record.decision = decision
        record.cost = Cost(money: 0.5 * Double(asked.count))
        record.seconds = 0.1
        return record
    }

    @Test func `seconds are those of the last five minutes, and old ones go`() {
        let live = LiveTraffic()
        for second in 0..<700 {
            live.note(
                Self.record(
                    second, at: 10_000 + Double(second), asked: second % 4 == 0 ? ["small", "large"] : ["small"]))
            if second % 10 == 0 {
                live.note(Self.record(1000 + second, at: 10_000.2 + Double(second), decision: .failed))
            }
        }
        let seconds = live.seconds(from: 0, through: 20_000)
        #expect(seconds.map(\.second) == Array(10_400..<10_700))
        #expect(seconds[0].requests == 2 && seconds[0].failed == 1 && seconds[0].byStage == ["large": 1])
        #expect(seconds[1].requests == 1 && seconds[1].failed == 0 && seconds[1].byStage == ["small": 1])
        #expect(seconds[4].deferred == 1 && seconds[4].money == 1)
        #expect(live.seconds(from: 10_650, through: 10_651).count == 2)
        // 75 of 300 asked two; 30 failed ones asked one.
        #expect(live.deferralRate == 75.0 / 330)
        #expect(live.count == 770)
    }

    @Test func `an answer out of a cache is no failure, and saves what it took at first`() {
        let live = LiveTraffic()
        live.note(Self.record(1, at: 600))
        var again = Self.record(2, at: 600, asked: [], decision: .cached)
        again.repeatedMoney = 0.5
        live.note(again)
        live.note(Self.record(3, at: 600, asked: [], decision: .abstained))
        #expect(live.seconds(from: 0, through: 1_000).first?.failed == 1)
        #expect(live.rows(from: 0, stretch: 1).reduce(0) { $0 + $1.answerMoney } == 1)
        #expect(live.rows(from: 0, stretch: 1).reduce(0) { $0 + $1.money } == 0.5)
    }

    @Test func `the last requests are bounded, the newest first, and hold no texts`() {
        let live = LiveTraffic()
        for number in 0..<(LiveTraffic.requests + 100) {
            live.note(Self.record(number, at: 10_000, model: number % 2 == 0 ? "even" : "odd"))
        }
        let last = live.last(10)
        #expect(last.map(\.id) == (0..<10).map { "req_\(LiveTraffic.requests + 99 - $0)" })
        #expect(live.last(3, model: "even").map(\.id) == [98, 96, 94].map { "req_\(LiveTraffic.requests + $0)" })
        #expect(live.last(10_000).count == LiveTraffic.requests)
        #expect(live.last(10_000, since: live.count - 4).count == 4)
        #expect(live.request("req_5") == nil && live.request("req_2000")?.model == "even")
        #expect(last.allSatisfy { $0.input == nil && $0.choices.allSatisfy { $0.output == nil } })
    }

    @Test func `minutes add up, and a day is kept`() {
        let live = LiveTraffic()
        for minute in 0..<3000 { live.note(Self.record(minute, at: 60 * Double(minute) + 1)) }
        let rows = live.rows(from: 0, stretch: 60)
        let kept = rows.reduce(0) { $0 + $1.requests }
        #expect((LiveTraffic.minutes...LiveTraffic.minutes + 61).contains(kept))
        #expect(rows.allSatisfy { $0.place.minute % 60 == 0 })
        let whole = live.rows(from: 2400, stretch: 60).filter { $0.place.minute == 2400 }
        #expect(whole.count == 1 && whole[0].requests == 60 && whole[0].money == 30 && whole[0].answerTokensIn == 600)
    }

    @Test func `an event tells what is new, and the next one only what came since`() throws {
        let core = GatewayCore(
            models: [], authority: OpenAuthority(), recorder: NoRecorder(), logger: Logger(label: "test"), seed: 1)
        func event(_ feed: inout LiveFeed, _ now: Double) throws -> JSONTree {
            let text = String(buffer: feed.next(now: now))
            #expect(text.hasPrefix("data: ") && text.hasSuffix("\n\n"))
            return try JSONTree(ByteBuffer(string: String(text.dropFirst(6).dropLast(2))))
        }
        for number in 0..<50 { core.live.note(Self.record(number, at: 10_000 + Double(number / 10))) }
        var feed = LiveFeed(core)
        let first = try event(&feed, 10_005.5)
        #expect(first["count"]?.number == 50 && first["requests"]?.elements?.count == LiveFeed.listed)
        #expect(first["requests"]?.elements?.first?["id"]?.text == "req_49")
        #expect(first["seconds"]?.elements?.compactMap { $0["requests"]?.number } == [10, 10, 10, 10, 10])
        core.live.note(Self.record(50, at: 10_005.6))
        let second = try event(&feed, 10_006.5)
        #expect(second["requests"]?.elements?.compactMap { $0["id"]?.text } == ["req_50"])
        #expect(second["seconds"]?.elements?.compactMap { $0["time"]?.number } == [10_005])
        let third = try event(&feed, 10_007.5)
        #expect(third["requests"]?.elements?.isEmpty == true && third["seconds"]?.elements?.isEmpty == true)
    }
}

@Suite(.timeLimit(.minutes(5))) struct `calibration of a stage` {
    private func outcomes(_ pairs: [(Double, Double)], evidence: String = "p") -> OutcomeLog {
        let schema = LogSchema(stages: [StageSchema(name: "s", evidence: ["noise", evidence])])
        var log = OutcomeLog(schema: schema, ids: pairs.indices.map { "\($0)" }, quality: pairs.map(\.1))
        log.evidence = pairs.enumerated().flatMap { [Double($0.offset * 7919 % 101), $0.element.0] }
        return log
    }

    @Test func `takes the number that tells most, and knows its scale`() throws {
        // Right as often as it says: no error.
        var honest: [(Double, Double)] = []
        for index in 0..<400 {
            let quarter = Double(index / 100)
            let isRight = Double(index % 8) < quarter * 2 + 1
            honest.append((quarter * 0.25 + 0.125, isRight ? 1 : 0))
        }
        let calibration = try #require(StageCalibration(outcomes(honest), stage: 0, name: "small"))
        #expect(calibration.evidence == "p" && calibration.scale == .probability && calibration.count == 400)
        #expect(try #require(calibration.error) < 0.02)
        #expect(calibration.curve.bins.map(\.count) == [100, 100, 100, 100])
        // The same said as logarithms.
        let logarithms = try #require(
            StageCalibration(outcomes(honest.map { (Foundation.log($0.0), $0.1) }), stage: 0, name: "small"))
        #expect(logarithms.scale == .exponential)
        let (said, told) = (try #require(calibration.error), try #require(logarithms.error))
        #expect(abs(said - told) < 1e-9)
        // A margin is no probability, and an entropy is surer the less it is.
        #expect(StageCalibration(outcomes(honest.map { ($0.0 * 100, $0.1) }), stage: 0, name: "s")?.scale == .rank)
        let entropy = try #require(StageCalibration(outcomes(honest.map { (1 - $0.0, $0.1) }), stage: 0, name: "s"))
        #expect(entropy.scale == .rank && entropy.error == nil && entropy.correlation < 0)
    }

    @Test func `an overconfident one is found out`() throws {
        var boasting: [(Double, Double)] = []
        for index in 0..<200 {
            let isSurer = index % 2
            boasting.append((0.9 + Double(isSurer) * 0.05, index % 8 < 2 + 2 * isSurer ? 1 : 0))
        }
        let calibration = try #require(StageCalibration(outcomes(boasting), stage: 0, name: "small"))
        let error = try #require(calibration.error)
        #expect(error > 0.3 && error < 0.75)
    }

    @Test func `too few judgements, or ones that are all the same, say nothing`() {
        let few = (0..<19).map { (Double($0) / 20, Double($0 % 2)) }
        #expect(StageCalibration(outcomes(few), stage: 0, name: "s") == nil)
        #expect(StageCalibration(outcomes((0..<100).map { (Double($0) / 100, 1) }), stage: 0, name: "s") == nil)
        // Scores beyond 0 and 1 are of another kind.
        #expect(
            StageCalibration(outcomes((0..<100).map { (Double($0) / 100, Double($0)) }), stage: 0, name: "s") == nil)
    }

    @Test func `ranks share the mean of ties`() {
        #expect(StageCalibration.ranks([3, 1, 3, 2]) == [2.5, 0, 2.5, 1])
        #expect(StageCalibration.correlation([(1, 1), (2, 2), (3, 3)]) == 1)
        #expect(StageCalibration.correlation([(1, 3), (2, 2), (3, 1)]) == -1)
        #expect(StageCalibration.correlation([(1, 1), (1, 2)]) == nil)
    }
}
