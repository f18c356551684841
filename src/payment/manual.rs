//! Pay later: on delivery, by bank transfer.

use async_trait::async_trait;
use uuid::Uuid;

use super::gateway::{Charge, Charged, PaymentGateway, Queried, Unknown};

/// The order is made at once and stays pending until the merchant marks it as paid.
pub struct ManualGateway;

#[async_trait]
impl PaymentGateway for ManualGateway {
    fn name(&self) -> &'static str {
        "manual"
    }

    fn pays_later(&self) -> bool {
        true
    }

    async fn charge(&self, _: &Charge) -> Result<Charged, Unknown> {
        Err(Unknown("a manual payment cannot be charged".to_owned()))
    }

    async fn query(&self, _: Uuid) -> Result<Queried, Unknown> {
        Ok(Queried::NotFound)
    }

    async fn void(&self, _: Uuid) -> Result<(), Unknown> {
        Ok(())
    }
}
