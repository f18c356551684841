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

/// A change that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StockChanged {
    pub change: StockChange,
    pub available_after: i32,
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
