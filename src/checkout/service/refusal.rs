//! What a refusal leaves behind. The transaction in which it was found has been rolled back.

use super::{Completed, Till, Wish};
use crate::cart;
use crate::checkout::rule::CheckoutRule;
use crate::checkout::store;
use crate::db::idempotency::{self, Found};
use crate::error::{Fault, ServiceError};

/// Keeps a refusal under the key, where a repeated request is to be refused the same, and takes out of the cart what
/// cannot be bought any more.
///
/// The cart's lock was given up with the first transaction. False when another request has been answered under the
/// key since, has bought the cart or is about to: then nothing is kept.
pub async fn keep(till: &Till, wish: &Wish, rules: &[CheckoutRule]) -> Result<bool, Fault> {
    if !rules.iter().all(CheckoutRule::is_final) {
        return Ok(true);
    }
    let now = till.clock.now();
    let refused: Completed = Err(ServiceError::Rule(rules.to_vec()));
    till.db
        .write(async |tx| {
            let Some(cart) = cart::store::lock(tx, &wish.cart, now).await? else { return Ok(true) };
            if cart.completed_at.is_some() || store::is_being_paid(tx.conn(), wish.cart.id).await? {
                return Ok(false);
            }
            if let (Some(key), Some(outcome)) = (&wish.key, idempotency::outcome_of(&refused)?) {
                if idempotency::find(tx.conn(), key, now).await? != Found::Nothing {
                    return Ok(false);
                }
                let key = key.clone().kept_for(till.keys_kept);
                idempotency::insert_outcome(tx, &key, now, &outcome).await?;
            }
            if rules.contains(&CheckoutRule::MerchandiseGone) {
                cart::store::drop_withdrawn(tx, wish.cart.id, now).await?;
            }
            Ok(true)
        })
        .await
}
