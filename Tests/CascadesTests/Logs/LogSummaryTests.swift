import Cascades
import Testing

@Suite struct `the summary of a log` {
    @Test func `holds counts, means and ranges of the cells that are there`() throws {
        let log = try read(
            """
            id,group,time,context.n,a.quality,a.cost,a.latency,a.answer,a.evidence.m,b.quality
            1,x,10,1,1,0.5,2,yes,0.1,
            2,y,20,2,0,,4,no,0.3,
            3,x,,3,,,,,,

            """, .csv)
        let summary = log.summary()
        #expect(
            summary.items == 3 && summary.groups.map(\.name) == ["x", "y"] && summary.groups.map(\.count) == [2, 1])
        let a = summary.stages[0]
        #expect(
            a.answered == 2 && a.meanQuality == 0.5 && a.meanMoney == 0.5 && a.meanSeconds == 3
                && a.distinctAnswers == 2)
        #expect(a.missingShare == 1.0 / 3 && a.evidence[0].minimum == 0.1 && a.evidence[0].maximum == 0.3)
        #expect(
            summary.stages[1].answered == 0 && summary.stages[1].meanQuality == nil
                && summary.stages[1].missingShare == 1)
        #expect(summary.context[0].mean == 2 && summary.times?.minimum == 10 && summary.times?.missingShare == 1.0 / 3)
    }
}
