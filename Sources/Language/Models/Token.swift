/// A token of a vocabulary, by number.
public typealias Token = Int32
