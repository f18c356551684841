//! What a client is told of its bucket.

use async_graphql::{Value, value};

use crate::cache::{Bucket, WINDOW_SECONDS};

/// How full a client's bucket is; where its tenant's leaves less, that counts. In points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    pub maximum_available: u64,
    pub currently_available: u64,
    /// Points a second.
    pub restore_rate: u32,
}

impl Status {
    /// Of a client with these buckets, its own first, which are so full, in thousandths of points.
    pub(super) fn of(buckets: &[Bucket], levels: &[u64]) -> Self {
        let left = |(bucket, level): (&Bucket, &u64)| bucket.capacity().saturating_sub(*level) / 1000;
        Self {
            maximum_available: buckets[0].rate.capacity(),
            currently_available: buckets.iter().zip(levels).map(left).min().unwrap_or_default(),
            restore_rate: buckets[0].rate.restored(),
        }
    }

    /// As `extensions.cost.throttleStatus`.
    pub fn to_value(self) -> Value {
        value!({
            "maximumAvailable": self.maximum_available,
            "currentlyAvailable": self.currently_available,
            "restoreRate": self.restore_rate,
        })
    }

    /// `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers): what may be used within a window, and
    /// what is left of it for how many seconds, until all is restored.
    pub fn headers(self) -> [(&'static str, String); 2] {
        let Self { maximum_available, currently_available, restore_rate } = self;
        let restored_in = (maximum_available - currently_available).div_ceil(u64::from(restore_rate));
        [
            ("ratelimit-policy", format!("\"cost\";q={maximum_available};w={WINDOW_SECONDS}")),
            ("ratelimit", format!("\"cost\";r={currently_available};t={restored_in}")),
        ]
    }
}
