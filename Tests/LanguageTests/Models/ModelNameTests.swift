import Language
import Testing

@Suite struct `names of models` {
    @Test func `may bear a form`() {
        #expect(ModelName("smollm2-135m").named?.name == "smollm2-135m")
        let draft = ModelName("smollm2-135m:q2_k")
        #expect(draft.base == "smollm2-135m" && draft.form == .q2K && draft.named != nil)
        #expect(ModelName("C:/a.gguf:Q8_0") == ModelName("C:/a.gguf:q8_0"))
        #expect(ModelName("C:/a.gguf:Q8_0").base == "C:/a.gguf")
        for plain in ["llama3:8b", "a:", ":Q2_K", "Q2_K", "a.gguf", ""] {
            #expect(ModelName(plain).base == plain && ModelName(plain).form == nil)
        }
    }
}
