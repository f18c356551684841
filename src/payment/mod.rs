//! Payment gateways behind one small trait.
//!
//! Invariants: a gateway is only called while no transaction is open; it knows a payment by the attempt's id, under
//! which a repeated charge is the same charge; an answer that did not come is `Unknown`, never a refusal.

mod bogus;
mod called;
mod gateway;
mod manual;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::cache::Shared;
use crate::outside::Outside;
pub use bogus::BogusGateway;
pub use called::{Gateway, LONGEST_REST, Unanswered};
pub use gateway::{Charge, Charged, PaymentGateway, Queried, Unknown};
pub use manual::ManualGateway;

/// The gateways of a process, by name.
#[derive(Clone)]
pub struct Payments {
    gateways: Arc<BTreeMap<&'static str, Gateway>>,
    outside: Outside,
}

impl Payments {
    /// What every shop has; in development also the gateway that answers as its token says.
    pub fn new(development: bool, shared: &Arc<dyn Shared>, outside: &Outside) -> Self {
        let payments = Self { gateways: Arc::default(), outside: outside.clone() }.with(Arc::new(ManualGateway));
        if development { payments.with(Arc::new(BogusGateway::new(shared.clone()))) } else { payments }
    }

    /// These gateways and one more; it replaces one of the same name.
    pub fn with(&self, gateway: Arc<dyn PaymentGateway>) -> Self {
        let mut gateways = BTreeMap::clone(&self.gateways);
        gateways.insert(gateway.name(), Gateway::new(gateway, &self.outside));
        Self { gateways: Arc::new(gateways), outside: self.outside.clone() }
    }

    pub fn get(&self, name: &str) -> Option<Gateway> {
        self.gateways.get(name).cloned()
    }

    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.gateways.keys().copied()
    }
}
