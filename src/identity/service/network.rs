//! What comes from one network, whatever accounts of the shop it is about. So many are one office's mistakes of a bad day,
//! and too few to guess with.

use std::future::Future;
use std::time::Duration;

use super::refused;
use crate::app::App;
use crate::attempts::{Bound, Network};
use crate::db::TenantDb;
use crate::error::{ServiceError, ServiceResult};
use crate::identity::rule::{Refusal, StaffRule};

/// Passwords and tokens that were wrong.
const GUESSES: Bound = Bound { name: "staff-guesses-of-network", most: 100, window: Duration::from_secs(15 * 60) };
/// Mails that were asked for, whether there was somebody to write to or not.
const MAILS: Bound = Bound { name: "staff-mails-of-network", most: 100, window: Duration::from_secs(60 * 60) };

/// Does what a password or a token is needed for. What was wrong counts; of too much of that, nothing is looked at.
pub async fn guess<T>(
    app: &App,
    db: &TenantDb,
    network: Option<Network>,
    work: impl Future<Output = ServiceResult<T, StaffRule>>,
) -> ServiceResult<T, StaffRule> {
    let is_wrong = |done: &ServiceResult<T, StaffRule>| match done {
        Err(ServiceError::Rule(rule)) => {
            matches!(rule.refusal, Refusal::Unidentified | Refusal::BadToken | Refusal::TooManyAttempts)
        }
        _ => false,
    };
    let done = app.attempts.from_network(&GUESSES, (db.tenant(), network), is_wrong, work).await;
    done.unwrap_or_else(|| Err(refused(Refusal::TooManyAttempts, &[])))
}

/// Does what somebody may be written for.
pub async fn ask_for_mail<T>(
    app: &App,
    db: &TenantDb,
    network: Option<Network>,
    work: impl Future<Output = ServiceResult<T, StaffRule>>,
) -> ServiceResult<T, StaffRule> {
    let done = app.attempts.from_network(&MAILS, (db.tenant(), network), |_| true, work).await;
    done.unwrap_or_else(|| Err(refused(Refusal::TooManyAttempts, &[])))
}
