//! `deliveryProfileCreate`, `deliveryProfileUpdate`, `deliveryProfileRemove`.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};
use emporia_macros::guarded;

use super::input::DeliveryProfileInput;
use super::profile::DeliveryProfile;
use crate::error::{Fault, ServiceError, ServiceResult};
use crate::graphql::scope::ScopeExt;
use crate::ids::Gid;
use crate::shipping::model::Profile;
use crate::shipping::rule::{Refusal, ShippingRule};
use crate::shipping::service;
use crate::user_error;

#[derive(Default)]
pub struct ShippingMutation;

#[guarded]
#[Object]
impl ShippingMutation {
    /// Makes a delivery profile.
    #[requires(write_shipping)]
    async fn delivery_profile_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The profile.")] profile: DeliveryProfileInput,
    ) -> Result<Option<DeliveryProfileCreatePayload>> {
        let scope = ctx.scope();
        let given = match profile.into_model(scope.currency) {
            Ok(given) => given,
            Err(rule) => return Ok(Some(refused(rule).into())),
        };
        let (db, now, entropy) = (scope.db().clone(), scope.app.clock.now(), scope.app.entropy.clone());
        let new = given.into_new();
        let made = scope.act(async move { service::profile_create(&db, now, &entropy, &new).await }).await?;
        Ok(Some(outcome(made)?.into()))
    }

    /// Makes a delivery profile what is given.
    #[requires(write_shipping)]
    async fn delivery_profile_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The profile's global id.")] id: ID,
        #[graphql(desc = "What it is to be; what is left out stays.")] profile: DeliveryProfileInput,
    ) -> Result<Option<DeliveryProfileUpdatePayload>> {
        let scope = ctx.scope();
        let Some(id) = Gid::of(&id, "DeliveryProfile") else { return Ok(Some(refused(not_found()).into())) };
        let given = match profile.into_model(scope.currency) {
            Ok(given) => given,
            Err(rule) => return Ok(Some(refused(rule).into())),
        };
        let (db, now, entropy) = (scope.db().clone(), scope.app.clock.now(), scope.app.entropy.clone());
        let update = async move { service::profile_update(&db, now, &entropy, id, given.name, given.zones).await };
        let made = scope.act(update).await?;
        Ok(Some(outcome(made)?.into()))
    }

    /// Removes a delivery profile with everything in it.
    #[requires(delete_shipping)]
    async fn delivery_profile_remove(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The profile's global id.")] id: ID,
    ) -> Result<Option<DeliveryProfileRemovePayload>> {
        let scope = ctx.scope();
        let removed = match Gid::of(&id, "DeliveryProfile") {
            Some(id) => {
                let db = scope.db().clone();
                scope.act(async move { service::profile_remove(&db, id).await.map(|()| id) }).await?
            }
            None => Err(ServiceError::Rule(not_found())),
        };
        match removed {
            Ok(id) => {
                let deleted_id = Some(scope.gid("DeliveryProfile", id));
                Ok(Some(DeliveryProfileRemovePayload { deleted_id, user_errors: vec![] }))
            }
            Err(ServiceError::Rule(rule)) => {
                Ok(Some(DeliveryProfileRemovePayload { deleted_id: None, user_errors: vec![rule.into()] }))
            }
            Err(ServiceError::Fault(fault)) => Err(fault.into()),
        }
    }
}

fn not_found() -> ShippingRule {
    ShippingRule { refusal: Refusal::ProfileNotFound, field: vec!["id".to_owned()] }
}

type Outcome = (Option<DeliveryProfile>, Vec<DeliveryProfileUserError>);

fn refused(rule: ShippingRule) -> Outcome {
    (None, vec![rule.into()])
}

fn outcome(made: ServiceResult<Profile, ShippingRule>) -> Result<Outcome, Fault> {
    match made {
        Ok(profile) => Ok((Some(DeliveryProfile(Arc::new(profile))), vec![])),
        Err(ServiceError::Rule(rule)) => Ok(refused(rule)),
        Err(ServiceError::Fault(fault)) => Err(fault),
    }
}

/// What `deliveryProfileCreate` answers.
#[derive(Clone, Debug, SimpleObject)]
pub struct DeliveryProfileCreatePayload {
    /// The profile; null when none was made.
    profile: Option<DeliveryProfile>,
    /// Why none was made.
    user_errors: Vec<DeliveryProfileUserError>,
}

impl From<Outcome> for DeliveryProfileCreatePayload {
    fn from((profile, user_errors): Outcome) -> Self {
        Self { profile, user_errors }
    }
}

/// What `deliveryProfileUpdate` answers.
#[derive(Clone, Debug, SimpleObject)]
pub struct DeliveryProfileUpdatePayload {
    /// The profile as it is now; null when nothing was done.
    profile: Option<DeliveryProfile>,
    /// Why nothing was done.
    user_errors: Vec<DeliveryProfileUserError>,
}

impl From<Outcome> for DeliveryProfileUpdatePayload {
    fn from((profile, user_errors): Outcome) -> Self {
        Self { profile, user_errors }
    }
}

/// What `deliveryProfileRemove` answers.
#[derive(Clone, Debug, SimpleObject)]
pub struct DeliveryProfileRemovePayload {
    /// The removed profile's global id; null when none was removed.
    deleted_id: Option<ID>,
    /// Why none was removed.
    user_errors: Vec<DeliveryProfileUserError>,
}

user_error!(DeliveryProfileUserError, DeliveryProfileErrorCode);

/// Why a delivery profile was not changed, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum DeliveryProfileErrorCode {
    /// A name is missing.
    Blank,
    /// The value is not valid.
    Invalid,
    /// There is no such profile, or it has no such part.
    NotFound,
    /// A country is there twice.
    Taken,
    /// The text is too long.
    TooLong,
    /// There are too many of them.
    TooMany,
}

impl From<ShippingRule> for DeliveryProfileUserError {
    fn from(rule: ShippingRule) -> Self {
        use DeliveryProfileErrorCode as Code;
        let code = match rule.refusal {
            Refusal::ProfileNotFound | Refusal::PartNotFound => Code::NotFound,
            Refusal::Blank | Refusal::NoCountry => Code::Blank,
            Refusal::TooLong => Code::TooLong,
            Refusal::TooMany => Code::TooMany,
            Refusal::CountryTwice(_) | Refusal::RestOfWorldTwice => Code::Taken,
            Refusal::PriceOutOfRange | Refusal::BadPrice(_) | Refusal::OtherCurrency(_) => Code::Invalid,
        };
        Self { field: Some(rule.field), message: rule.refusal.to_string(), code: Some(code) }
    }
}
