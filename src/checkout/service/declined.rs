//! How often payments may be declined: who tries cards that are not theirs is declined often, and shoppers hardly ever.
//!
//! Only what was declined counts, and is looked at only once a payment is to be made: what is there under a client's key is
//! answered as ever.

use std::time::Duration;

use super::{Till, Wish};
use crate::attempts::Bound;

const WINDOW: Duration = Duration::from_secs(60 * 60);
/// Of one cart, whoever pays for it.
const OF_CART: Bound = Bound { name: "declined-of-cart", most: 10, window: WINDOW };
/// From one network, whatever carts it is about.
const OF_NETWORK: Bound = Bound { name: "declined-of-network", most: 50, window: WINDOW };

/// What a shopper is told then.
pub const TOO_OFTEN: &str = "Too many payments have been declined: try again in an hour.";

/// Whether too many payments have been declined for another one.
pub async fn too_often(till: &Till, wish: &Wish) -> bool {
    for (bound, key) in counted(wish) {
        if till.attempts.is_used_up(&bound, till.db.tenant(), &key).await {
            return true;
        }
    }
    false
}

/// A payment was declined.
pub async fn note(till: &Till, wish: &Wish) {
    for (bound, key) in counted(wish) {
        till.attempts.admit(&bound, till.db.tenant(), &key).await;
    }
}

/// What it counts for. What came from nobody knows where counts for the cart alone.
fn counted(wish: &Wish) -> impl Iterator<Item = (Bound, String)> {
    let network = wish.network.map(|network| (OF_NETWORK, network.to_string()));
    [(OF_CART, wish.cart.id.to_string())].into_iter().chain(network)
}
