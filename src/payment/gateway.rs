//! What checkout asks of a gateway.

use async_trait::async_trait;
use uuid::Uuid;

use crate::money::Money;

/// A payment to be made.
#[derive(Clone, Debug)]
pub struct Charge {
    /// The name under which the gateway remembers it: charging it twice charges once.
    pub attempt_id: Uuid,
    pub amount: Money,
    /// What the storefront got from the gateway for this payment. Never stored.
    pub token: Option<String>,
}

/// A gateway's answer to a charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Charged {
    Approved,
    Declined {
        message: String,
    },
    /// Nobody was asked, since the gateway has not answered for a while: nothing was taken, and nothing will be.
    NotAsked,
}

/// A gateway's answer to the question what became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Queried {
    Approved,
    Declined,
    /// It has never heard of it. A charge may still be on its way there: [`PaymentGateway::void`] it first.
    NotFound,
}

/// No answer: the payment may have been made or not.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the gateway did not answer: {0}")]
pub struct Unknown(pub String);

/// One way to pay.
#[async_trait]
pub trait PaymentGateway: Send + Sync + 'static {
    /// The name in `CheckoutPaymentInput.gateway`.
    fn name(&self) -> &'static str;

    /// Whether the order is made first and paid for later, by other means: then nothing here is ever called.
    fn pays_later(&self) -> bool {
        false
    }

    /// Takes the money.
    async fn charge(&self, charge: &Charge) -> Result<Charged, Unknown>;

    /// What became of an attempt.
    async fn query(&self, attempt_id: Uuid) -> Result<Queried, Unknown>;

    /// Makes sure that the attempt takes no money, now or later; gives back what it took.
    async fn void(&self, attempt_id: Uuid) -> Result<(), Unknown>;
}
