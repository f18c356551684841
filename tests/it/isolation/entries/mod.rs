//! What a stranger could send: documents of one or more root fields of the same kind, with `<name>` for what is the
//! other store's and `<own name>` for the stranger's.

mod cart;
mod catalog;
mod content;
mod customer;
mod node;
mod operator;
mod order;
mod settings;
mod staff;

/// A document, and how one knows that it reaches what it aims at when it is the owner who sends it.
#[derive(Clone, Copy)]
pub struct Entry {
    pub document: &'static str,
    pub shows: Shows,
}

/// What the owner's answer shows and the stranger's does not.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Shows {
    /// The store's marker.
    Marker,
    /// This text, names filled in.
    Text(&'static str),
    /// Nothing: the owner is answered the same as the stranger, for this reason.
    Nothing(&'static str),
}

/// An entry that shows the store's marker to its owner.
const fn marked(document: &'static str) -> Entry {
    Entry { document, shows: Shows::Marker }
}

/// An entry that shows this text to the owner.
const fn telling(text: &'static str, document: &'static str) -> Entry {
    Entry { document, shows: Shows::Text(text) }
}

/// An entry by which nobody learns anything of a store.
const fn blind(reason: &'static str, document: &'static str) -> Entry {
    Entry { document, shows: Shows::Nothing(reason) }
}

/// All entries, in an order in which an owner can send them one after the other: what an entry removes, none needs after it.
pub fn all() -> impl Iterator<Item = Entry> {
    let reads = [
        catalog::READS,
        content::READS,
        settings::READS,
        order::READS,
        cart::READS,
        customer::READS,
        staff::READS,
        operator::READS,
    ];
    let shoppers = [operator::WRITES, staff::WRITES, cart::WRITES, customer::WRITES, order::WRITES];
    let writes = shoppers.into_iter().chain([content::WRITES, settings::WRITES, catalog::WRITES]);
    reads.into_iter().chain(writes).flatten().copied()
}

pub use node::{NODES, Node};
