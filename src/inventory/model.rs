//! Changes of stock.

use std::collections::{BTreeMap, HashMap, HashSet};

use uuid::Uuid;

/// No level and no single change goes beyond this many units, in either direction.
pub const MAX_UNITS: i32 = 1_000_000_000;

/// A wish to have `delta` more (or, below zero, fewer) units of a variant at a location.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StockChange {
    pub variant_id: Uuid,
    pub location_id: Uuid,
    pub delta: i32,
}

/// What a variant says about its own stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stocked {
    pub tracked: bool,
    /// Sold on below zero.
    pub may_oversell: bool,
}

/// A variant and a location; levels are locked in this order.
pub type Place = (Uuid, Uuid);

/// What lies at a place, locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    pub available: i32,
    /// Whether the database's CHECK lets it be below zero.
    pub may_oversell: bool,
}

/// What two levels of a variant hold together: what is free at either can be sold, whatever the other owes. Below zero
/// only when nothing is free at all.
pub fn together(a: i64, b: i64) -> i64 {
    if a > 0 || b > 0 { a.max(0) + b.max(0) } else { a + b }
}

/// A change that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StockChanged {
    pub change: StockChange,
    pub available_after: i32,
}

/// What is known of variants before their stock is changed.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Those that are there.
    pub stocked: HashMap<Uuid, Stocked>,
    /// The levels that are there.
    pub places: HashSet<Place>,
}

/// What shall become of a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    pub place: Place,
    /// At most [`MAX_UNITS`], in either direction.
    pub delta: i32,
    /// What the variant says; the level must say so as well.
    pub may_oversell: bool,
}

impl Wish {
    /// Whether a level with so many would stay within its bounds.
    pub fn is_within(&self, available: i32) -> bool {
        (i64::from(available) + i64::from(self.delta)).unsigned_abs() <= u64::from(MAX_UNITS.unsigned_abs())
    }
}

/// The changes of one level, one after another, from what was available before. None: it leaves its bounds on the way.
///
/// What counts for a variant that is not sold below zero is where they lead together: five that are put back and five
/// that are taken in one go need none to be there.
pub fn steps(changes: &[StockChange], before: i32) -> Option<Vec<StockChanged>> {
    let mut available = before;
    let mut step = |change: &StockChange| {
        let after = available.checked_add(change.delta);
        available = after.filter(|after| after.unsigned_abs() <= MAX_UNITS.unsigned_abs())?;
        Some(StockChanged { change: *change, available_after: available })
    };
    changes.iter().map(&mut step).collect()
}

impl StockChange {
    pub fn place(&self) -> Place {
        (self.variant_id, self.location_id)
    }
}

/// One change for each variant and location, in the order in which their levels are locked; none of zero.
/// `Err`: the variant whose sum is out of range.
pub fn sum(changes: &[StockChange]) -> Result<Vec<StockChange>, Uuid> {
    let mut sums: BTreeMap<(Uuid, Uuid), i64> = BTreeMap::new();
    for change in changes {
        *sums.entry((change.variant_id, change.location_id)).or_default() += i64::from(change.delta);
    }
    sums.into_iter()
        .filter(|(_, delta)| *delta != 0)
        .map(|((variant_id, location_id), delta)| match i32::try_from(delta) {
            Ok(delta) if (-MAX_UNITS..=MAX_UNITS).contains(&delta) => {
                Ok(StockChange { variant_id, location_id, delta })
            }
            _ => Err(variant_id),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps_of(available: i32, deltas: &[i32]) -> Option<Vec<i32>> {
        let changes: Vec<_> = deltas.iter().map(|delta| change(1, 1, *delta)).collect();
        Some(steps(&changes, available)?.into_iter().map(|one| one.available_after).collect())
    }

    #[test]
    fn each_change_of_a_level_is_told() {
        assert_eq!(steps_of(0, &[-5, 5]), Some(vec![-5, 0]));
        assert_eq!(steps_of(7, &[-5, 1, 0]), Some(vec![2, 3, 3]));
    }

    #[test]
    fn a_level_stays_within_its_range_on_the_way_too() {
        assert_eq!(steps_of(0, &[MAX_UNITS]), Some(vec![MAX_UNITS]));
        for deltas in [&[MAX_UNITS, 1, -1][..], &[i32::MIN, i32::MAX], &[i32::MAX, i32::MIN]] {
            assert_eq!(steps_of(0, deltas), None, "{deltas:?}");
        }
        let wish = |delta| Wish { place: (Uuid::nil(), Uuid::nil()), delta, may_oversell: true };
        assert!(wish(1).is_within(MAX_UNITS - 1) && !wish(1).is_within(MAX_UNITS));
        assert!(wish(-1).is_within(1 - MAX_UNITS) && !wish(-1).is_within(-MAX_UNITS));
    }

    #[test]
    fn what_one_level_owes_does_not_bind_what_another_has() {
        let total = |levels: &[i64]| levels.iter().copied().fold(0, together);
        assert_eq!(
            [total(&[5, 2]), total(&[5, -5]), total(&[-5, -2, 3]), total(&[-5, -2]), total(&[])],
            [7, 5, 3, -7, 0]
        );
    }

    fn change(variant: u128, location: u128, delta: i32) -> StockChange {
        StockChange { variant_id: Uuid::from_u128(variant), location_id: Uuid::from_u128(location), delta }
    }

    #[test]
    fn changes_of_one_level_are_summed_and_all_are_sorted() {
        let summed = sum(&[change(2, 1, 3), change(1, 2, 1), change(2, 1, -5), change(1, 1, 4), change(3, 1, 0)]);
        assert_eq!(summed, Ok(vec![change(1, 1, 4), change(1, 2, 1), change(2, 1, -2)]));
    }

    #[test]
    fn a_sum_out_of_range_is_refused() {
        assert_eq!(sum(&[change(1, 1, MAX_UNITS), change(1, 1, 1)]), Err(Uuid::from_u128(1)));
        assert_eq!(sum(&[change(1, 1, i32::MIN)]), Err(Uuid::from_u128(1)));
    }
}
