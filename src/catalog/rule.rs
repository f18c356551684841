//! What writing the catalogue refuses.

/// Why something was refused, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CatalogCode {
    Blank,
    DuplicateOption,
    DuplicateVariant,
    HandleTaken,
    Invalid,
    NotFound,
    TooLong,
    TooMany,
}

/// One refusal: which part of the draft (`["variants", "0", "price"]`), why, and a text for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub field: Vec<String>,
    pub code: CatalogCode,
    pub message: String,
}

/// What a use case of the catalogue refuses: everything it found wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogRule(pub Vec<Violation>);
