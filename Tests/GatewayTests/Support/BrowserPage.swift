import Foundation
import NIOCore

@testable import Gateway

/// A page in a browser, used as people use it: keys, clicks, and looking at what is there.
struct BrowserPage {
    let browser: Browser
    private let session: String

    init(_ browser: Browser, width: Int = 1280, height: Int = 900, dark: Bool = false) async throws {
        self.browser = browser
        let target = try await browser.call("Target.createTarget", ["url": "about:blank"])
        let attached = try await browser.call(
            "Target.attachToTarget", ["targetId": target["targetId"] ?? .null, "flatten": true])
        guard let session = attached["sessionId"]?.text else { throw Browser.Failure(description: "no session") }
        self.session = session
        for domain in ["Page", "Runtime", "Log", "Network", "Accessibility"] { _ = try await call("\(domain).enable") }
        try await resize(width, height)
        try await darken(dark)
    }

    @discardableResult
    func call(_ method: String, _ parameters: JSONTree = .object([])) async throws -> JSONTree {
        try await browser.call(method, parameters, session: session)
    }

    func resize(_ width: Int, _ height: Int) async throws {
        try await call(
            "Emulation.setDeviceMetricsOverride",
            [
                "width": .number(Double(width)), "height": .number(Double(height)), "deviceScaleFactor": 1,
                "mobile": width < 600 ? true : false,
            ])
    }

    func darken(_ dark: Bool) async throws {
        try await call(
            "Emulation.setEmulatedMedia",
            ["features": [["name": "prefers-color-scheme", "value": dark ? "dark" : "light"]]])
    }

    func open(_ address: String) async throws {
        try await call("Page.navigate", ["url": .string(address)])
        try await wait("document.readyState === 'complete' && location.href !== 'about:blank'")
    }

    /// What `expression` comes to in the page.
    @discardableResult
    func evaluate(_ expression: String) async throws -> JSONTree {
        let result = try await call(
            "Runtime.evaluate", ["expression": .string(expression), "awaitPromise": true, "returnByValue": true])
        if let fault = result["exceptionDetails"] {
            throw Browser.Failure(description: "\(expression): \(String(buffer: fault.bytes))")
        }
        return result["result"]?["value"] ?? .null
    }

    /// The text that `expression` comes to.
    func text(_ expression: String) async throws -> String { try await evaluate(expression).text ?? "" }

    /// Waits until `condition` holds in the page.
    func wait(_ condition: String, seconds: Double = 60) async throws {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < deadline {
            if (try? await evaluate("!!(\(condition))"))?.flag == true { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        let seen = (try? await text("document.body.innerText.slice(0, 1500)")) ?? "nothing"
        throw Browser.Failure(description: "never came: \(condition)\nThe page: \(seen)")
    }

    /// Clicks on the middle of the first element that `selector` finds, whose text has `text` in it, with the mouse.
    func click(_ selector: String, text: String = "") async throws {
        let find =
            "[...document.querySelectorAll(\(JSONText.quoted(selector)))].find(e => e.textContent.includes(\(JSONText.quoted(text))) && e.getClientRects().length)"
        try await wait(find)
        let place = try await evaluate(
            """
            (() => { const e = \(find); e.scrollIntoView({block: 'center', behavior: 'instant'});
            const box = e.getBoundingClientRect(); const x = box.left + box.width / 2, y = box.top + box.height / 2;
            const hit = document.elementFromPoint(x, y);
            return {x, y, isHit: e === hit || e.contains(hit) || !!hit?.contains(e)}; })()
            """)
        guard let x = place["x"], let y = place["y"], place["isHit"]?.flag == true else {
            throw Browser.Failure(description: "\(selector) \(text) lies under something else")
        }
        for kind in ["mousePressed", "mouseReleased"] {
            try await call(
                "Input.dispatchMouseEvent",
                ["type": .string(kind), "x": x, "y": y, "button": "left", "clickCount": 1])
        }
    }

    /// Presses a key: `Tab`, `Enter`, `Escape`, `ArrowRight`, …
    func press(_ key: String, shift: Bool = false) async throws {
        let codes: [String: Double] = ["Tab": 9, "Enter": 13, "Escape": 27, "ArrowLeft": 37, "ArrowRight": 39, " ": 32]
        for kind in ["keyDown", "keyUp"] {
            try await call(
                "Input.dispatchKeyEvent",
                .members([
                    ("type", .string(kind)), ("key", .string(key)), ("code", .string(key == " " ? "Space" : key)),
                    ("windowsVirtualKeyCode", .number(codes[key] ?? 0)), ("modifiers", .number(shift ? 8 : 0)),
                    (
                        "text",
                        kind == "keyDown" && key == "Enter"
                            ? .string("\r") : key == " " && kind == "keyDown" ? " " : nil
                    ),
                ]))
        }
    }

    /// Types `text` where the focus is.
    func type(_ text: String) async throws { try await call("Input.insertText", ["text": .string(text)]) }

    /// A picture of what is seen, or of the whole page, as PNG.
    func picture(whole: Bool = false) async throws -> Data {
        let result = try await call(
            "Page.captureScreenshot", ["format": "png", "captureBeyondViewport": whole ? true : false])
        guard let data = result["data"]?.text.flatMap({ Data(base64Encoded: $0) }) else {
            throw Browser.Failure(description: "no picture")
        }
        return data
    }

    /// What went wrong in the page: exceptions, errors in the console, and what its own rules forbade.
    var faults: [String] {
        browser.events("Runtime.exceptionThrown").map { String(buffer: $0.bytes) }
            + browser.events("Log.entryAdded").filter { $0["entry"]?["level"]?.text == "error" }
            .map { $0["entry"]?["text"]?.text ?? "" }
            + browser.events("Runtime.consoleAPICalled").filter { $0["type"]?.text == "error" }
            .map { String(buffer: $0.bytes) }
    }

    /// The addresses that the page asked for.
    var asked: [String] {
        browser.events("Network.requestWillBeSent").compactMap { $0["request"]?["url"]?.text }
    }
}
