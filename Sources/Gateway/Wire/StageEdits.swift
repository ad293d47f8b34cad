import NIOCore

/// How a request is changed for a stage, and what is taken out of its answer again.
///
/// Only these fields are ever touched: `model`; `logprobs` and `top_logprobs` where a policy reads them; and
/// `stream_options.include_usage`, so that a stream's tokens can be counted.
struct StageEdits: Sendable {
    /// The request for the stage.
    var body: ByteBuffer
    /// What comes out of the answer again.
    var strip = Strip()

    /// What was asked for the gateway's own use.
    struct Strip: Sendable, Hashable {
        /// Log-probabilities become null.
        var logprobs = false
        /// Alternatives of a token beyond this many go.
        var alternatives: Int?
        /// The last piece, which counts tokens, goes.
        var usage = false
    }

    /// - Parameters:
    ///   - alternatives: how many of each token's alternatives the evidence needs; nil where it needs no tokens.
    init(_ body: ByteBuffer, _ fields: RequestFields, api: WireAPI, stage: GatewayStage, alternatives: Int?) {
        var edits = ByteEdits()
        if let model = stage.model {
            var name = ByteBuffer()
            name.writeQuoted(model)
            edits.replace(fields.modelPlace, with: name)
        }
        if let alternatives, stage.tellsTokens {
            switch api {
            case .chatCompletions: Self.askChat(alternatives, fields, &edits, &strip)
            case .completions where fields.logprobs?.number == nil:
                strip.logprobs = true
                Self.set("logprobs", "\(max(1, min(5, alternatives)))", fields.logprobs, fields, &edits)
            default: break
            }
        }
        if fields.streams, stage.countsStreams, api == .chatCompletions || api == .completions,
            fields.includeUsage?.isTrue != true
        {
            strip.usage = true
            if let place = fields.includeUsage {
                edits.replace(place.value, with: "true")
            } else if let options = fields.streamOptions, options.value.count > 4 {
                let (isObject, isEmpty) = body.withUnsafeReadableBytes { bytes in
                    (
                        bytes[options.value.lowerBound] == UInt8(ascii: "{"),
                        !bytes[options.value].contains(UInt8(ascii: "\""))
                    )
                }
                // What is no object is the stage's to refuse.
                if isObject {
                    edits.insert(
                        "\"include_usage\":true" + (isEmpty ? "" : ","), at: options.value.lowerBound + 1)
                }
            } else {
                Self.set("stream_options", "{\"include_usage\":true}", fields.streamOptions, fields, &edits)
            }
        }
        self.body = edits.applied(to: body)
    }

    private static func askChat(
        _ alternatives: Int, _ fields: RequestFields, _ edits: inout ByteEdits, _ strip: inout Strip
    ) {
        let own = fields.logprobs?.isTrue == true
        if !own {
            strip.logprobs = true
            set("logprobs", "true", fields.logprobs, fields, &edits)
        }
        // What is no number of alternatives is the stage's to refuse.
        guard let asked = Int(exactly: own ? fields.topLogprobs?.number ?? 0 : 0), asked >= 0 else { return }
        if alternatives > asked {
            if own { strip.alternatives = asked }
            set("top_logprobs", "\(alternatives)", fields.topLogprobs, fields, &edits)
        }
    }

    /// Gives the member `name` the value `value`, at its place or as the first member.
    private static func set(
        _ name: String, _ value: String, _ place: RequestFields.Place?, _ fields: RequestFields,
        _ edits: inout ByteEdits
    ) {
        if let place {
            edits.replace(place.value, with: value)
        } else {
            edits.insert("\"\(name)\":\(value),", at: fields.opening)
        }
    }
}
