extension FixedWidthInteger {
    /// The whole number that `value` begins with, or the nearest one that there is; 0 where it is no number.
    ///
    /// What comes from outside may be any number, and the conversion that the language has ends the process at 1e30: numbers
    /// of clients, stages and clocks are converted here alone.
    init(bounding value: Double) {
        if value.isNaN {
            self = 0
        } else {
            self = Self(exactly: value.rounded(.towardZero)) ?? (value < 0 ? .min : .max)
        }
    }
}
