//! Payment gateways behind one small trait.
//!
//! Invariants: a gateway is only called while no transaction is open; it knows a payment by the attempt's id, under
//! which a repeated charge is the same charge; an answer that did not come is `Unknown`, never a refusal.

mod bogus;
mod gateway;
mod manual;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::cache::Shared;
pub use bogus::BogusGateway;
pub use gateway::{Charge, Charged, PaymentGateway, Queried, Unknown};
pub use manual::ManualGateway;

/// The gateways of a process, by name.
#[derive(Clone)]
pub struct Payments(Arc<BTreeMap<&'static str, Arc<dyn PaymentGateway>>>);

impl Payments {
    /// What every shop has; in development also the gateway that answers as its token says.
    pub fn new(development: bool, shared: &Arc<dyn Shared>) -> Self {
        let payments = Self(Arc::default()).with(Arc::new(ManualGateway));
        if development { payments.with(Arc::new(BogusGateway::new(shared.clone()))) } else { payments }
    }

    /// These gateways and one more; it replaces one of the same name.
    pub fn with(&self, gateway: Arc<dyn PaymentGateway>) -> Self {
        let mut gateways = BTreeMap::clone(&self.0);
        gateways.insert(gateway.name(), gateway);
        Self(Arc::new(gateways))
    }

    pub fn get(&self, name: &str) -> Option<Arc<dyn PaymentGateway>> {
        self.0.get(name).cloned()
    }

    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.keys().copied()
    }
}
