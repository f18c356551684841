//! Changes of stock.

use std::collections::BTreeMap;

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

/// Why the changes of a level cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unchangeable {
    NotEnough { available: i32 },
    OutOfRange,
}

impl StockChange {
    pub fn place(&self) -> Place {
        (self.variant_id, self.location_id)
    }
}

impl Level {
    /// Makes all changes of this level, one after another. What counts for a variant that is not sold below zero is
    /// where they lead together: five that are put back and five that are taken in one go need none to be there.
    pub fn change(&mut self, changes: &[StockChange], stock: Stocked) -> Result<Vec<StockChanged>, Unchangeable> {
        let before = self.available;
        let mut changed = Vec::with_capacity(changes.len());
        for change in changes {
            let after = self
                .available
                .checked_add(change.delta)
                .filter(|after| after.unsigned_abs() <= MAX_UNITS.unsigned_abs());
            self.available = after.ok_or(Unchangeable::OutOfRange)?;
            changed.push(StockChanged { change: *change, available_after: self.available });
        }
        // The variant says what it said when it was read, the level what holds now.
        let may_oversell = stock.may_oversell && self.may_oversell;
        if self.available < before && self.available < 0 && !may_oversell {
            return Err(Unchangeable::NotEnough { available: before });
        }
        if self.available > before {
            // One that sank below zero under another policy may rise and still be below.
            self.may_oversell = stock.may_oversell || self.available < 0;
        }
        Ok(changed)
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

    const DENY: Stocked = Stocked { tracked: true, may_oversell: false };
    const CONTINUE: Stocked = Stocked { tracked: true, may_oversell: true };

    fn changed(available: i32, deltas: &[i32], stock: Stocked) -> Result<(Vec<i32>, bool), Unchangeable> {
        let mut level = Level { available, may_oversell: stock.may_oversell || available < 0 };
        let change = |delta: &i32| StockChange { variant_id: Uuid::nil(), location_id: Uuid::nil(), delta: *delta };
        let changes: Vec<_> = deltas.iter().map(change).collect();
        let changed = level.change(&changes, stock)?;
        Ok((changed.iter().map(|one| one.available_after).collect(), level.may_oversell))
    }

    #[test]
    fn each_change_is_told_and_together_they_may_not_oversell() {
        assert_eq!(changed(0, &[-5, 5], DENY), Ok((vec![-5, 0], false)));
        assert_eq!(changed(4, &[-5], DENY), Err(Unchangeable::NotEnough { available: 4 }));
        assert_eq!(changed(4, &[-5], CONTINUE), Ok((vec![-1], true)));
    }

    #[test]
    fn what_one_level_owes_does_not_bind_what_another_has() {
        let total = |levels: &[i64]| levels.iter().copied().fold(0, together);
        assert_eq!(
            [total(&[5, 2]), total(&[5, -5]), total(&[-5, -2, 3]), total(&[-5, -2]), total(&[])],
            [7, 5, 3, -7, 0]
        );
    }

    #[test]
    fn a_level_that_ceased_to_be_sold_below_zero_stays_above() {
        let mut level = Level { available: 0, may_oversell: false };
        let change = StockChange { variant_id: Uuid::nil(), location_id: Uuid::nil(), delta: -1 };
        assert_eq!(level.change(&[change], CONTINUE), Err(Unchangeable::NotEnough { available: 0 }));
    }

    #[test]
    fn a_level_below_zero_may_rise_under_any_policy_but_not_sink() {
        assert_eq!(changed(-5, &[2], DENY), Ok((vec![-3], true)));
        assert_eq!(changed(-5, &[6], DENY), Ok((vec![1], false)));
        assert_eq!(changed(-5, &[-1], DENY), Err(Unchangeable::NotEnough { available: -5 }));
    }

    #[test]
    fn a_level_stays_within_its_range() {
        assert_eq!(changed(0, &[MAX_UNITS], DENY), Ok((vec![MAX_UNITS], false)));
        for deltas in [&[MAX_UNITS, 1][..], &[i32::MIN], &[i32::MAX, i32::MAX]] {
            assert_eq!(changed(0, deltas, CONTINUE), Err(Unchangeable::OutOfRange), "{deltas:?}");
        }
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
