//! Leaky buckets: what is poured in leaks out at a steady rate, and what would overflow is not poured in.
//!
//! Levels are whole thousandths of points: what leaks in a millisecond is as many of them as the rate has points a second.

use serde::{Deserialize, Serialize};

/// How long a full bucket takes to run empty, in seconds.
pub const WINDOW_SECONDS: u32 = 20;

/// The size of a bucket, by what leaks from it: points per second, at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rate(u32);

impl Rate {
    /// None where nothing would leak.
    pub fn per_second(points: u32) -> Option<Self> {
        (points > 0).then_some(Self(points))
    }

    /// What leaks, in points per second.
    pub fn restored(self) -> u32 {
        self.0
    }

    /// What it holds, in points.
    pub fn capacity(self) -> u64 {
        u64::from(self.0) * u64::from(WINDOW_SECONDS)
    }

    /// So many quarters of it, rounded up.
    pub fn quarters(self, quarters: u32) -> Self {
        Self(u32::try_from((u64::from(self.0) * u64::from(quarters)).div_ceil(4)).unwrap_or(u32::MAX))
    }

    /// How long it takes until so many thousandths have leaked, in whole milliseconds.
    pub fn millis(self, thousandths: u64) -> u64 {
        thousandths.div_ceil(u64::from(self.0))
    }
}

/// A bucket in the shared store. Those that are poured into together have the same cluster's hash tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    pub key: String,
    pub rate: Rate,
}

impl Bucket {
    /// What it holds, in thousandths of points.
    pub fn capacity(&self) -> u64 {
        self.rate.capacity() * 1000
    }

    /// The level so many milliseconds after it was this one.
    pub fn leaked(&self, level: u64, millis: u64) -> u64 {
        level.saturating_sub(millis.saturating_mul(u64::from(self.rate.0)))
    }
}

/// What came of pouring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poured {
    /// Whether what was wanted went in; if not, it went into none of the buckets.
    pub fits: bool,
    /// What is in each of them now, in thousandths of points.
    pub levels: Vec<u64>,
}

/// What each bucket holds after so many thousandths were used, whether they fit or not (less than none are taken out), and
/// so many more are wanted, which are poured into all of them or into none.
pub fn pour(buckets: &[Bucket], mut levels: Vec<u64>, used: i64, wanted: u64) -> Poured {
    levels.iter_mut().for_each(|level| *level = level.saturating_add_signed(used));
    let has_room = |(bucket, level): (&Bucket, &u64)| level.saturating_add(wanted) <= bucket.capacity();
    let fits = wanted == 0 || buckets.iter().zip(&levels).all(has_room);
    if fits {
        levels.iter_mut().for_each(|level| *level = level.saturating_add(wanted));
    }
    Poured { fits, levels }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buckets(rates: &[u32]) -> Vec<Bucket> {
        let bucket = |rate| Bucket { key: String::new(), rate: Rate::per_second(rate).unwrap() };
        rates.iter().copied().map(bucket).collect()
    }

    #[test]
    fn what_overflows_one_bucket_goes_into_none() {
        let both = buckets(&[10, 5]);
        assert_eq!(pour(&both, vec![0, 0], 0, 100_000), Poured { fits: true, levels: vec![100_000, 100_000] });
        assert_eq!(pour(&both, vec![0, 1], 0, 100_000), Poured { fits: false, levels: vec![0, 1] });
        assert_eq!(pour(&both, vec![200_000, 0], 0, 1), Poured { fits: false, levels: vec![200_000, 0] });
    }

    #[test]
    fn what_was_used_goes_in_before_what_is_wanted_and_whether_it_fits() {
        let both = buckets(&[10, 5]);
        assert_eq!(pour(&both, vec![0, 90_000], 20_000, 0), Poured { fits: true, levels: vec![20_000, 110_000] });
        assert_eq!(pour(&both, vec![0, 90_000], 20_000, 1), Poured { fits: false, levels: vec![20_000, 110_000] });
        assert_eq!(pour(&both, vec![0, 100_000], -5_000, 5_000), Poured { fits: true, levels: vec![5_000, 100_000] });
    }

    #[test]
    fn what_is_taken_out_leaves_no_less_than_nothing() {
        let both = buckets(&[10, 5]);
        assert_eq!(pour(&both, vec![5_000, 500], -1_000, 0), Poured { fits: true, levels: vec![4_000, 0] });
        // Also where a smaller rate than before leaves it too full.
        assert_eq!(pour(&both, vec![900_000, 500], -1_000, 0), Poured { fits: true, levels: vec![899_000, 0] });
    }

    #[test]
    fn a_full_bucket_leaks_at_its_rate_and_is_empty_after_the_window() {
        let bucket = &buckets(&[7])[0];
        assert_eq!(bucket.capacity(), 140_000);
        assert_eq!(bucket.leaked(140_000, 1), 139_993);
        assert_eq!(bucket.leaked(140_000, u64::from(WINDOW_SECONDS) * 1000), 0);
        assert_eq!((bucket.rate.millis(140_000), bucket.rate.millis(1), bucket.rate.millis(0)), (20_000, 1, 0));
    }
}
