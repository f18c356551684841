//! Plans in the schema: for who pays, and for who runs the service.

mod change;
mod operator;
mod query;
mod types;

pub use change::PlanMutation;
pub use operator::{PlanOperatorMutation, PlanOperatorQuery};
pub use query::{CurrentPlan, PlanQuery, choice, current};
pub use types::{Plan, PlanUserError, PlansOf, split};
