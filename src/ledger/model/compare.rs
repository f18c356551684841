//! What is posted beside what ought to be, and what makes up for it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Kind, MAX_AMOUNT, Posting, Unit};

/// What is summed up: a posting and its corrections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// None: it is of no order, and nobody compares it.
    pub order_id: Option<Uuid>,
    pub kind: Kind,
    pub unit: Unit,
    pub occurred_at: DateTime<Utc>,
}

impl Place {
    fn of(posting: &Posting) -> Self {
        let Posting { order_id, kind, unit, occurred_at, .. } = *posting;
        Self { order_id, kind, unit, occurred_at }
    }
}

/// A place at which something else is posted than ought to be. What was posted for another time or in another currency is
/// two of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    pub place: Place,
    /// What ought to be posted there; 0: nothing.
    pub due: i128,
    /// What is posted there, corrections included; 0: nothing, or nothing any more.
    pub posted: i128,
}

/// Where something else is posted than is due, in the order of the places.
pub fn differences(due: &[Posting], posted: &[Posting]) -> Vec<Difference> {
    let mut places: BTreeMap<Place, (i128, i128)> = BTreeMap::new();
    for posting in due {
        places.entry(Place::of(posting)).or_default().0 += posting.signed();
    }
    for posting in posted {
        places.entry(Place::of(posting)).or_default().1 += posting.signed();
    }
    let differing = places.into_iter().filter(|(_, (due, posted))| due != posted);
    differing.map(|(place, (due, posted))| Difference { place, due, posted }).collect()
}

/// The postings that make up for these differences, numbered after what is posted already: two who mend the same at once
/// come to the same numbers, of which the books take one.
pub fn mending(differences: &[Difference], posted: &[Posting]) -> Vec<Posting> {
    let mut next: BTreeMap<(Option<Uuid>, Kind), i16> = BTreeMap::new();
    for Posting { order_id, kind, number, .. } in posted {
        let next = next.entry((*order_id, *kind)).or_default();
        *next = number.saturating_add(1).max(*next);
    }
    let mend = |Difference { place, due, posted }: &Difference| {
        let Place { order_id, kind, unit, occurred_at } = *place;
        let missing = due - posted;
        // More than a row holds is made up for by whoever mends next.
        let amount = i64::try_from(missing.unsigned_abs()).unwrap_or(MAX_AMOUNT).min(MAX_AMOUNT);
        let (to, from) = kind.accounts();
        let (debit, credit) = if missing > 0 { (to, from) } else { (from, to) };
        let next = next.entry((order_id, kind)).or_default();
        let number = *next;
        *next = number.saturating_add(1);
        Posting { order_id, period: None, kind, number, debit, credit, unit, amount, occurred_at }
    };
    differences.iter().map(mend).collect()
}
