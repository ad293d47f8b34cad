import Deferral

/// What a certificate says, in sentences.
enum CertificateText {
    static func lines(_ fit: Fit) -> [String] {
        guard let certificate = fit.result.certificate else { return [] }
        let reference = fit.stages[fit.result.reference]
        return certificate.policy == nil
            ? ["Guarantee: the log is too small to certify any policy but \(reference) itself, which is kept."]
            : ["Guarantee: certified against \(reference) at the confidence asked for."]
    }
}
