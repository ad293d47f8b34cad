import Cascades
import Deferral
import Foundation
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import Storage
import Testing

@testable import Gateway

/// The page in a real browser, clicked through as people do.
@Suite(
    .timeLimit(.minutes(5)), .serialized,
    .enabled(if: Browser.program != nil, "chromium is not here: apt-get install chromium"))
struct `the dashboard in a browser` {
    /// Runs `body` with the page of a gateway that has had traffic, signed in.
    private func run(
        width: Int = 1280, dark: Bool = false, signsIn: Bool = true,
        _ body: (BrowserPage, StoredGateway) async throws -> Void
    ) async throws {
        try await `the dashboard's data`.run(store: nil) { gateway in
            try await DashboardTraffic.send(40, to: gateway)
            try await DashboardTraffic.judge(gateway)
            try await Browser.run { browser in
                let page = try await BrowserPage(browser, width: width, height: width < 600 ? 800 : 900, dark: dark)
                try await page.open("http://127.0.0.1:\(gateway.gateway.port)/dashboard")
                if signsIn { try await signIn(page) }
                try await body(page, gateway)
            }
        }
    }

    private func signIn(_ page: BrowserPage, _ key: String = StoredGateway.administrator) async throws {
        try await page.wait("!document.getElementById('sign-in').hidden")
        try await page.click("#key")
        try await page.type(key)
        try await page.press("Enter")
        try await page.wait("!document.getElementById('view').hidden")
    }

    private func value(_ page: BrowserPage, _ tile: String) async throws -> String {
        try await page.text("document.querySelector('#\(tile) .value').textContent")
    }

    @Test func `asks for a key, shows nothing before, and speaks to nobody else`() async throws {
        try await run(signsIn: false) { page, gateway in
            try await page.wait("!document.getElementById('sign-in').hidden")
            #expect(try await page.evaluate("document.getElementById('view').hidden").flag == true)
            #expect(try await page.text("document.activeElement.id") == "key")
            try await page.type("a wrong key")
            try await page.press("Enter")
            try await page.wait("document.getElementById('sign-in-error').textContent.includes('needed')")
            try await signIn(page)
            try await page.wait("document.querySelector('#requests .value').textContent === '40'")
            // Signing out forgets the key.
            try await page.click("#leave")
            try await page.wait("!document.getElementById('sign-in').hidden")
            #expect(try await page.evaluate("sessionStorage.length").number == 0)
            let own = "http://127.0.0.1:\(gateway.gateway.port)/"
            #expect(page.asked.allSatisfy { $0.hasPrefix(own) || $0.hasPrefix("data:") }, "\(page.asked)")
            // What was refused is said in the console by the browser itself; nothing else is.
            #expect(page.faults.allSatisfy { $0.contains("401") }, "\(page.faults)")
            let policy = try await gateway.send(.GET, "/dashboard")("content-security-policy")
            #expect(policy?.contains("default-src 'none'") == true)
        }
    }

    @Test func `shows traffic as it comes, cost and saving`() async throws {
        try await run { page, gateway in
            try await page.wait("document.querySelector('#requests .value').textContent === '40'")
            #expect(try await value(page, "spent") == "$480.00")
            #expect(try await value(page, "saved") == "$320.00")
            #expect(
                try await page.text("document.querySelector('#saved .note').textContent").hasPrefix("40% of $800.00"))
            #expect(try await value(page, "deferred") == "50%")
            try await page.wait("document.getElementById('connection').textContent === 'Live'")
            // Stages by name, closed breakers, and the latest requests.
            try await page.wait("document.body.innerText.includes('closed')")
            try await page.wait("document.querySelectorAll('a[href^=\"#requests/\"]').length === 12")
            let reply = try await gateway.ask("cascade", "logprob -0.1", key: StoredGateway.administrator)
            let id = try #require(reply("x-cascade-request-id"))
            try await page.wait("document.querySelector('a[href=\"#requests/\(id)\"]')")
            // Another window of time.
            try await page.click("button", text: "Week")
            try await page.wait("document.querySelector('#requests .note').textContent.includes('7 days')")
            #expect(try await page.text("document.querySelector('button[aria-pressed=true]').textContent") == "Week")
            // The chart can be read by keyboard.
            try await page.evaluate("document.querySelector('figure svg[role=img]').focus()")
            try await page.press("ArrowLeft")
            try await page.wait("document.querySelector('.tip') && !document.querySelector('.tip').hidden")
            try await page.press("Escape")
            try await page.wait("document.querySelector('.tip').hidden")
            #expect(page.faults.isEmpty, "\(page.faults)")
        }
    }

    @Test func `shows today's point on the frontier, calibration, and who answers`() async throws {
        try await run { page, _ in
            try await page.click("nav a", text: "Quality")
            try await page.wait("document.body.innerText.includes('Today: 40 requests at $12.00 each')")
            let charts = try await page.text(
                "[...document.querySelectorAll('figure svg[role=img]')].map(e => e.getAttribute('aria-label')).join('|')"
            )
            #expect(charts.contains("Cost and quality of cascade") && charts.contains("Calibration of small"))
            let words = try await page.text(
                "[...document.querySelectorAll('figure svg text')].map(e => e.textContent).join('|')")
            for name in ["today", "small", "large"] { #expect(words.contains(name), "\(words)") }
            #expect(
                try await page.text("document.querySelector('.bar').getAttribute('aria-label')").contains("small 50%"))
            // The numbers behind the picture.
            try await page.click("details.numbers summary", text: "Numbers")
            try await page.wait(
                "[...document.querySelectorAll('details[open] td')].some(e => e.textContent === 'today')")
            #expect(page.faults.isEmpty, "\(page.faults)")
        }
    }

    @Test func `explains a request`() async throws {
        try await run { page, gateway in
            try await page.click("nav a", text: "Requests")
            try await page.click("button", text: "Slowest")
            try await page.wait("document.querySelector('caption').textContent.includes('slowest')")
            try await page.click("button", text: "Most uncertain")
            try await page.wait("document.querySelector('caption').textContent.includes('closest')")
            let first = try await page.text("document.querySelector('tbody tr').textContent")
            // -0.9 and -1.1 are equally close to -1.
            #expect(first.contains("against -1") || first.contains("against −1"), "\(first)")
            try await page.click("tbody a")
            try await page.wait("document.getElementById('dialog').open")
            let dialog = try await page.text("document.getElementById('dialog').innerText")
            for words in ["The rule", "stop if", "meanLogProbability", "compared with -1", "ask small", "instead of"] {
                #expect(dialog.contains(words), "\(words) in \(dialog)")
            }
            #expect(try await page.text("document.activeElement.id") == "dialog-title")
            try await page.press("Escape")
            try await page.wait("!document.getElementById('dialog').open && location.hash === '#requests'")
            // By its address, and by its id.
            let id = try #require(try await gateway.store.requests.latest(1).first?.id)
            try await page.click("#find")
            try await page.type(id)
            try await page.press("Enter")
            try await page.wait("document.getElementById('dialog').innerText.includes('\(id)')")
            try await page.press("Escape")
            try await page.evaluate("location.hash = '#requests/req_none'")
            try await page.wait("document.getElementById('dialog').innerText.includes('no request')")
            #expect(page.faults.allSatisfy { $0.contains("404") }, "\(page.faults)")
        }
    }

    /// Closing is told by an event that comes later: it must not end what was opened in between.
    @Test func `asks again while the last answer is on its way`() async throws {
        try await run { page, gateway in
            let content = String(decoding: try DashboardTraffic.policy(threshold: -0.15).encoded(), as: UTF8.self)
            try await gateway.store.policies.add(content, model: "cascade", state: .shadow, note: "stricter")
            try await page.click("nav a", text: "Policies")
            try await page.wait("document.body.innerText.includes('stricter')")
            let seen = try await page.text(
                """
                (async () => {
                  const dialog = document.getElementById('dialog');
                  const promote = [...document.querySelectorAll('button')].find(e => e.textContent === 'Promote');
                  promote.click();
                  [...dialog.querySelectorAll('button')].find(e => e.textContent === 'Close').click();
                  promote.click();
                  await new Promise(resolve => setTimeout(resolve, 100));
                  return dialog.open ? dialog.innerText : 'closed';
                })()
                """)
            #expect(seen.contains("Promote version 2 of cascade?"), "\(seen)")
            try await page.press("Escape")
            try await page.wait("!document.getElementById('dialog').open")
            #expect(try await gateway.store.policies.all(of: "cascade").map(\.state) == [.active, .shadow])
            #expect(page.faults.isEmpty, "\(page.faults)")
        }
    }

    @Test func `promotes a policy, and rolls it back`() async throws {
        try await run { page, gateway in
            let content = String(decoding: try DashboardTraffic.policy(threshold: -0.15).encoded(), as: UTF8.self)
            let version = try await gateway.store.policies.add(
                content, model: "cascade", state: .shadow, note: "stricter")
            func state(_ version: Int) async throws -> PolicyRecord.State? {
                try await gateway.store.policies.all(of: "cascade").first { $0.version == version }?.state
            }
            let active = try #require(
                try await gateway.store.policies.all(of: "cascade").first { $0.state == .active }?.version)
            try await page.click("nav a", text: "Policies")
            try await page.wait("document.body.innerText.includes('stricter')")
            // No is no.
            try await page.click("button[aria-label='Promote version \(version) of cascade']")
            try await page.click("dialog button", text: "Close")
            #expect(try await state(version) == .shadow)
            try await page.click("button[aria-label='Promote version \(version) of cascade']")
            try await page.click("dialog button", text: "Promote")
            try await page.wait(
                "document.querySelector(\"button[aria-label='Roll back cascade to version \(active)']\")")
            #expect(try await state(version) == .active)
            #expect(try await state(active) == .retired)
            // Requests are decided by it: what was sure enough before is not any more.
            try await page.wait("document.body.innerText.includes('Now decides: v\(version)')")
            let reply = try await gateway.ask("cascade", "logprob -0.5", key: StoredGateway.administrator)
            #expect(reply("x-cascade-stage") == "large")
            try await page.click("button", text: "Roll back")
            try await page.click("dialog button.main", text: "Roll back")
            try await page.wait("document.body.innerText.includes('Now decides: v\(active)')")
            #expect(try await state(active) == .active)
            #expect(page.faults.isEmpty, "\(page.faults)")
        }
    }

    @Test func `makes a key with a budget, and revokes it`() async throws {
        try await run { page, gateway in
            try await page.click("nav a", text: "Keys")
            try await page.click("#new-key")
            try await page.wait("document.activeElement.id === 'key-name'")
            try await page.type("team-a")
            try await page.click("#key-limits")
            try await page.type("money=5/year")
            try await page.click("dialog button.main")
            try await page.wait("document.querySelector('dialog [role=alert]').textContent.includes('money=5/year')")
            try await page.evaluate("document.getElementById('key-limits').value = 'requests=4/day'")
            try await page.click("dialog button.main")
            try await page.wait("document.getElementById('secret')")
            let secret = try await page.text("document.getElementById('secret').textContent")
            #expect(secret.hasPrefix("csk-"))
            try await page.press("Escape")
            #expect(try await gateway.ask("cascade", key: secret).status == 200)
            try await gateway.services.writer.flush()
            try await page.click("nav a", text: "Overview")
            try await page.click("nav a", text: "Keys")
            try await page.wait("document.body.innerText.includes('1 of 4 requests a day')")
            let meter = try await page.evaluate(
                "(e => [e.getAttribute('aria-valuenow'), e.getAttribute('aria-valuemax')])(document.querySelector('[role=meter]'))"
            )
            #expect(meter.elements?.compactMap(\.text) == ["1", "4"])
            // The secret is nowhere any more.
            #expect(try await page.evaluate("document.documentElement.outerHTML.includes('\(secret)')").flag == false)
            try await page.click("button", text: "Revoke")
            try await page.click("dialog button.main", text: "Revoke")
            try await page.wait("document.body.innerText.includes('revoked')")
            #expect(try await gateway.ask("cascade", key: secret).status == 401)
            #expect(page.faults.allSatisfy { $0.contains("400") }, "\(page.faults)")
        }
    }

    static let views = ["overview", "quality", "requests", "policies", "keys"]

    @Test(arguments: [(1280, false), (1280, true), (375, false), (375, true)])
    func `fits the screen, can be read, and is named for those who do not see`(_ width: Int, _ dark: Bool) async throws
    {
        try await run(width: width, dark: dark) { page, gateway in
            _ = try await gateway.makeKey("team-a", limits: [Limit(.money, 5, per: .month)])
            let background = try await page.text("getComputedStyle(document.body).backgroundColor")
            #expect(background == (dark ? "rgb(20, 24, 29)" : "rgb(255, 255, 255)"))
            for view in Self.views {
                try await page.evaluate("location.hash = '#\(view)'")
                try await page.wait("document.querySelector('nav a[aria-current]').getAttribute('href') === '#\(view)'")
                try await page.wait("document.querySelectorAll('#view td, #view svg[role=img]').length > 0")
                try await check(page, "\(view) at \(width)")
            }
            try await page.evaluate("location.hash = '#requests'")
            try await page.click("tbody a")
            try await page.wait("document.getElementById('dialog').innerText.includes('The rule')")
            try await check(page, "a request at \(width)")
            #expect(page.faults.isEmpty, "\(page.faults)")
        }
    }

    /// Nothing is wider than the screen, all text has contrast enough, and all that can be used has a name.
    private func check(_ page: BrowserPage, _ place: String) async throws {
        let wide = try await page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth")
        #expect(wide.number == 0, "\(place) is too wide")
        let faint = try await page.evaluate(PageChecks.faintTexts)
        #expect(faint.elements?.isEmpty == true, "\(place): too little contrast: \(String(buffer: faint.bytes))")
        let nameless = try await page.evaluate(PageChecks.namelessControls)
        #expect(nameless.elements?.isEmpty == true, "\(place): no name: \(String(buffer: nameless.bytes))")
        // What assistive technology is told.
        let tree = try await page.call("Accessibility.getFullAXTree")
        for node in tree["nodes"]?.elements ?? [] where node["ignored"]?.flag == false {
            let role = node["role"]?["value"]?.text ?? ""
            let name = node["name"]?["value"]?.text ?? ""
            if ["button", "link", "textbox", "combobox", "image", "img", "dialog", "meter", "navigation", "region"]
                .contains(role)
            {
                #expect(!name.isEmpty, "\(place): a \(role) without a name")
            }
        }
    }

    @Test func `can be used by keyboard alone`() async throws {
        try await run { page, _ in
            // A page that was just loaded is begun at its top: the link to the content, then the views in their order.
            try await page.call("Page.reload")
            try await page.wait("document.readyState === 'complete' && !document.getElementById('view').hidden")
            try await page.press("Tab")
            #expect(try await page.text("document.activeElement.textContent") == "Skip to the content")
            var reached: [String] = []
            for _ in 0..<5 {
                try await page.press("Tab")
                reached.append(try await page.text("document.activeElement.textContent"))
                let outline = try await page.text("getComputedStyle(document.activeElement).outlineStyle")
                #expect(outline == "solid", "the focus is seen")
            }
            #expect(reached == ["Overview", "Quality", "Requests", "Policies", "Keys"])
            for _ in 0..<2 { try await page.press("Tab", shift: true) }
            try await page.press("Enter")
            // The address changes at once, the view a moment later; requests are listed in both.
            try await page.wait("document.title.startsWith('Requests') && document.querySelector('tbody a')")
            #expect(try await page.text("document.activeElement.id") == "main", "the focus follows to the content")
            // Down to the first request, and into it.
            for _ in 0..<12 {
                try await page.press("Tab")
                if try await page.evaluate("document.activeElement.matches('tbody a')").flag == true { break }
            }
            try await page.press("Enter")
            try await page.wait("document.getElementById('dialog').open")
            // The focus stays inside until the dialog is closed.
            for _ in 0..<6 {
                try await page.press("Tab")
                let isInside = try await page.evaluate(
                    "document.getElementById('dialog').contains(document.activeElement) || document.activeElement === document.body"
                )
                #expect(isInside.flag == true)
            }
            try await page.press("Escape")
            try await page.wait("!document.getElementById('dialog').open")
            // Another colour scheme.
            try await page.evaluate("document.getElementById('theme').focus()")
            for _ in 0..<2 { try await page.press("Enter") }
            #expect(try await page.text("getComputedStyle(document.body).backgroundColor") == "rgb(20, 24, 29)")
            #expect(page.faults.isEmpty, "\(page.faults)")
        }
    }

    @Test func `says when the gateway has gone`() async throws {
        try await run { page, gateway in
            try await page.wait("document.getElementById('connection').textContent === 'Live'")
            await gateway.gateway.services.triggerGracefulShutdown()
            try await page.wait("document.getElementById('connection').textContent.includes('lost')")
        }
    }

    /// `CASCADE_SCREENSHOTS=Documentation swift test --filter picture` renews the pictures that the documentation
    /// shows.
    @Test func `a picture of it can be kept`() async throws {
        for (name, width, dark, view) in [
            ("dashboard", 1280, false, "overview"), ("dashboard-quality", 1280, false, "quality"),
            ("dashboard-dark", 1280, true, "overview"), ("dashboard-phone", 390, false, "overview"),
        ] {
            try await run(width: width, dark: dark) { page, gateway in
                try await page.wait("document.getElementById('connection').textContent === 'Live'")
                for number in 0..<24 {
                    _ = try await gateway.ask(
                        "cascade", DashboardTraffic.text(number * 5), key: StoredGateway.administrator)
                    try await Task.sleep(for: .milliseconds(60))
                }
                try await page.evaluate("location.hash = '#\(view)'")
                try await page.wait("document.querySelectorAll('#view svg[role=img]').length > 1")
                try await Task.sleep(for: .milliseconds(1200))
                let data = try await page.picture(whole: true)
                #expect(data.count > 20_000 && data.prefix(4) == Data([0x89, 0x50, 0x4E, 0x47]))
                let folder =
                    ProcessInfo.processInfo.environment["CASCADE_SCREENSHOTS"]
                    ?? FileManager.default.temporaryDirectory.path
                try data.write(to: URL(fileURLWithPath: "\(folder)/\(name).png"))
            }
        }
    }
}

/// What is asked of every view, as scripts.
enum PageChecks {
    /// Texts whose contrast with what lies behind them is below 4.5:1 (3:1 where they are large), by WCAG 2.2, 1.4.3.
    static let faintTexts = """
        (() => {
          const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
          const rgba = text => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = text; canvas.fillRect(0, 0, 1, 1);
            const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data; return [r, g, b, a / 255]; };
          const over = (top, under) => [0, 1, 2].map(i => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
          const light = c => { const f = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
            return 0.2126 * f(c[0]) + 0.7152 * f(c[1]) + 0.0722 * f(c[2]); };
          const behind = element => { const layers = [];
            for (let e = element; e; e = e.parentElement) layers.push(rgba(getComputedStyle(e).backgroundColor));
            return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255, 1]); };
          const faint = [];
          const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          for (let node; node = walker.nextNode();) {
            const element = node.parentElement;
            if (!node.textContent.trim() || ['SCRIPT', 'STYLE', 'OPTION', 'NOSCRIPT'].includes(element.tagName)) continue;
            if (!element.getClientRects().length || getComputedStyle(element).visibility === 'hidden') continue;
            const style = getComputedStyle(element), isSVG = element instanceof SVGElement;
            const under = behind(element);
            const ink = over(rgba(isSVG ? style.fill : style.color), under);
            const [a, b] = [light(ink), light(under)].sort((x, y) => y - x);
            const ratio = (a + 0.05) / (b + 0.05), size = parseFloat(style.fontSize);
            const least = size >= 24 || size >= 18.66 && parseInt(style.fontWeight) >= 700 ? 3 : 4.5;
            if (ratio < least) faint.push([node.textContent.trim().slice(0, 30), ratio.toFixed(2)]);
          }
          return faint;
        })()
        """

    /// Controls that nobody could tell what they are, and pictures without words.
    static let namelessControls = """
        [...document.querySelectorAll('button, a[href], input, select, textarea, svg[role=img], [role=img], dialog[open]')]
          .filter(e => e.getClientRects().length)
          .filter(e => !(e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.length
            || document.getElementById(e.getAttribute('aria-labelledby'))?.textContent))
          .map(e => e.outerHTML.slice(0, 80))
        """
}
