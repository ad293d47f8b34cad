internal import CXGBoost

/// A table of XGBoost's own, freed once.
struct XGBoostTable: ~Copyable {
    fileprivate let handle: DMatrixHandle?
    let rows: Int

    /// Copies `features`, `[rows, columns]` as `Float`, NaN where missing.
    init(_ features: [Float], rows: Int, columns: Int, threads: Int) throws(LearnerError) {
        var created: DMatrixHandle?
        try xgboost("XGDMatrixCreateFromMat") {
            XGDMatrixCreateFromMat_omp(
                features, bst_ulong(rows), bst_ulong(columns), .nan, &created, Int32(threads))
        }
        handle = created
        self.rows = rows
    }

    deinit { XGDMatrixFree(handle) }
}

/// A booster of XGBoost's own, freed once.
struct XGBoostBooster: ~Copyable {
    private let handle: BoosterHandle?

    /// A booster that keeps the margins of its `table` up to date.
    init(table: borrowing XGBoostTable, settings: [(String, String)]) throws(LearnerError) {
        var created: BoosterHandle?
        let cached = [table.handle]
        try xgboost("XGBoosterCreate") { XGBoosterCreate(cached, 1, &created) }
        for (name, value) in settings {
            do { try xgboost("XGBoosterSetParam(\(name))") { XGBoosterSetParam(created, name, value) } } catch {
                XGBoosterFree(created)
                throw error
            }
        }
        handle = created
    }

    deinit { XGBoosterFree(handle) }

    /// Grows one tree for each output on the gradients and Hessians of the loss, `[rows, outputs]` each.
    func boost(
        _ table: borrowing XGBoostTable, gradients: inout [Float], hessians: inout [Float]
    ) throws(LearnerError) {
        let count = bst_ulong(gradients.count)
        let data = table.handle
        try xgboost("XGBoosterBoostOneIter") { XGBoosterBoostOneIter(handle, data, &gradients, &hessians, count) }
    }

    /// Writes the margins of a table, `[rows, outputs]`, without the base margin.
    func margins(_ table: borrowing XGBoostTable, into margins: inout [Float]) throws(LearnerError) {
        let settings =
            #"{"type": 1, "training": false, "iteration_begin": 0, "iteration_end": 0, "strict_shape": false}"#
        var shape: UnsafePointer<bst_ulong>?
        var dimensions: bst_ulong = 0
        var result: UnsafePointer<Float>?
        let data = table.handle
        try xgboost("XGBoosterPredictFromDMatrix") {
            XGBoosterPredictFromDMatrix(handle, data, settings, &shape, &dimensions, &result)
        }
        // The buffer is XGBoost's own and holds until the next call.
        for index in margins.indices { margins[index] = result![index] }
    }

    /// The model as XGBoost's JSON document.
    func document() throws(LearnerError) -> [UInt8] {
        var length: bst_ulong = 0
        var bytes: UnsafePointer<CChar>?
        try xgboost("XGBoosterSaveModelToBuffer") {
            XGBoosterSaveModelToBuffer(handle, #"{"format": "json"}"#, &length, &bytes)
        }
        return UnsafeBufferPointer(start: bytes, count: Int(length)).map { UInt8(bitPattern: $0) }
    }
}

/// Makes a call of XGBoost's and throws what it complains of.
private func xgboost(_ name: String, _ call: () -> Int32) throws(LearnerError) {
    guard call() == 0 else { throw .xgboost(call: name, message: String(cString: XGBGetLastError())) }
}
