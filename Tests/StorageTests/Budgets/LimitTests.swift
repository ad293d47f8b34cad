import Foundation
import Probability
import Testing

@testable import Storage

@Suite(.timeLimit(.minutes(5))) struct `limits` {
    @Test func `are written as they are read`() throws {
        for text in [
            "money=50/month", "money=0.5/day", "money=0.000000001/total", "tokens=100000/hour", "requests=60/minute",
            "money=0/day", "money=1000000000/total",
        ] {
            #expect(try Limit(text).description == text)
        }
        #expect(try Limit("money=12.50/day") == Limit(.money, 12.5, per: .day))
        #expect(try Limit("money=12.50/day").amount == 12_500_000_000)
        for bad in [
            "", "money", "money=", "money=5", "money=5/year", "money=-1/day", "money=nan/day", "money=inf/day",
            "money=1e10/day", "requests=1.5/day", "dollars=5/day", "money=5/day/x", "money==5/day", "tokens=1e19/day",
        ] {
            #expect(throws: StorageError.self, "\(bad)") { try Limit(bad) }
        }
    }

    @Test func `usage of money is exact to a billionth and rounds up`() {
        #expect(Usage(money: 0.1 + 0.2).nanodollars == 300_000_000)
        #expect(Usage(money: 1e-12).nanodollars == 1)
        #expect(Usage(money: 0.000_02).nanodollars == 20_000)
        #expect(Usage(money: .nan, tokens: -.infinity).nanodollars == 0)
        #expect(Usage(money: .infinity).nanodollars == 1_000_000_000_000_000)
        #expect(Usage(money: 0).nanodollars == 0)
    }

    @Test func `windows are those of the calendar`() {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = TimeZone(identifier: "UTC")!
        var random = Random(seed: 4)
        let components: [(Window, Calendar.Component)] = [
            (.minute, .minute), (.hour, .hour), (.day, .day), (.month, .month),
        ]
        for _ in 0..<2_000 {
            // From 1970 to 2400: leap years of every kind.
            let time = random.uniform() * 1.35e10
            for (window, component) in components {
                let interval = calendar.dateInterval(of: component, for: Date(timeIntervalSince1970: time))!
                let start = window.start(at: time)
                #expect(Double(start) == interval.start.timeIntervalSince1970, "\(window) at \(time)")
                #expect(window.end(of: start).map(Double.init) == interval.end.timeIntervalSince1970)
            }
        }
        #expect(Window.month.start(at: 951_782_400) == 949_363_200)  // 29 February 2000
        #expect(Window.day.start(at: -1) == -86_400)
        #expect(Window.total.start(at: 1e9) == 0)
        // A clock that is far off ends nothing.
        for time in [Double.infinity, -.infinity, .nan, 1e300] { _ = Window.month.start(at: time) }
    }
}
