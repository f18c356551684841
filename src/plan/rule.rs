//! What is refused, for reasons that the caller may know.

use super::model::{
    Excess, MAX_API_POINTS, MAX_BASIS_POINTS, MAX_DESCRIPTION, MAX_FEE, MAX_JOB_WEIGHT, MAX_LIMIT, MAX_NAME, MAX_PRICE,
    MAX_PRICES, MAX_TRIAL_DAYS,
};

/// Why a plan was not changed, or not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanRule {
    #[error("there is no such plan")]
    NotFound,
    #[error("there is no such tenant, or it is deleted")]
    NoTenant,
    #[error("the shop is on this plan already, at this price")]
    Unchanged,
    #[error("the plan has no price for this interval in {currency}; there is {there}")]
    NoPrice { currency: &'static str, there: String },
    #[error("the shop pays in {0} until its plan ends")]
    OtherCurrency(&'static str),
    #[error("the shop has had its trial")]
    TrialUsed,
    /// Each of them is said by itself.
    #[error("{}", over(.0))]
    Over(Vec<Excess>),
    #[error("no plan waits to be activated: say which")]
    NothingPending,
    #[error("a handle has 1 to 63 characters a-z, 0-9 and hyphens between them")]
    BadHandle,
    #[error("the handle \"{0}\" is taken")]
    HandleTaken(String),
    #[error(
        "a name has 1 to {MAX_NAME} characters, not all of them blank, and no line breaks or other control characters"
    )]
    BadName,
    #[error("a description has at most {MAX_DESCRIPTION} characters")]
    LongDescription,
    #[error("a limit is 0 to {MAX_LIMIT}, or null for none")]
    BadLimit { at: usize },
    #[error("the limit is said twice")]
    LimitTwice { at: usize },
    #[error("the feature is said twice")]
    FeatureTwice { at: usize },
    #[error("a price is more than 0 and at most {MAX_PRICE} minor units")]
    BadPrice { at: usize },
    #[error("there is a price for this interval and currency already")]
    PriceTwice { at: usize },
    #[error("a plan has at most {MAX_PRICES} prices")]
    TooManyPrices,
    #[error("points of cost are 1 to {MAX_API_POINTS} a second")]
    BadPoints,
    #[error("a weight is 1 to {MAX_JOB_WEIGHT}")]
    BadWeight,
    #[error("a fee is 0 to {MAX_BASIS_POINTS} basis points and 0 to {MAX_FEE} minor units")]
    BadFee,
    #[error("a trial lasts 0 to {MAX_TRIAL_DAYS} days")]
    BadTrial,
    #[error("what follows a trial is another plan, which is not tried itself")]
    BadFollower,
    #[error("this service takes no payments for plans; its operators activate them")]
    NoStripe,
    #[error("the service that takes the payments does not answer at the moment; what was asked for may be done yet")]
    StripeAway,
    #[error("the payment has failed: {0}")]
    PaymentFailed(String),
    #[error("a payment is missing: make it first")]
    Unpaid,
    #[error("somebody of the shop is on another page to pay for a plan: wait for them, or ask again")]
    OtherPage,
    #[error("the account that the shop paid by is deleted: subscribe to a plan anew")]
    CustomerGone,
    #[error("the shop pays for a plan already: change it with planChange")]
    Billed,
    #[error("the tenant pays through Stripe: what it is on is changed there")]
    BilledElsewhere,
    #[error("the shop pays for no plan through this service")]
    NotBilled,
    #[error("the plan costs nothing: choose it with planChange")]
    CostsNothing,
    #[error("to go to a plan that costs nothing, cancel the subscription")]
    CancelInstead,
    #[error("the subscription ends with its period already")]
    EndsAlready,
    #[error("the subscription goes on already")]
    GoesOnAlready,
    #[error("an amount of this currency cannot be paid")]
    NotPayable,
    #[error("a URL is an https address of at most {MAX_RETURN_URL} characters")]
    BadReturnUrl,
}

/// Characters of an address to which a page of Stripe's leads back, at most.
pub const MAX_RETURN_URL: usize = 2048;

fn over(list: &[Excess]) -> String {
    let each =
        |one: &Excess| format!("{} {} are used, and the plan has room for {}", one.used, one.resource.words(), one.max);
    list.iter().map(each).collect::<Vec<_>>().join("; ")
}

/// Why a plan was not changed, or not made, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
pub enum PlanErrorCode {
    /// The value is not valid.
    Invalid,
    /// Another plan has it already.
    Taken,
    /// There is no such thing.
    NotFound,
    /// It is so already.
    AlreadyDone,
    /// It cannot be had as things are.
    NotAllowed,
    /// More is used than the plan has room for.
    DowngradeBelowUse,
    /// This service takes no payments for plans: its operators activate them.
    BillingNotConfigured,
    /// The service that takes the payments does not answer: it may be asked again.
    BillingUnavailable,
    /// The payment that it takes has failed, and nothing has changed.
    PaymentFailed,
}

impl PlanRule {
    /// One refusal for each thing of which there is too much.
    pub fn each(self) -> Vec<Self> {
        match self {
            Self::Over(list) => list.into_iter().map(|one| Self::Over(vec![one])).collect(),
            other => vec![other],
        }
    }

    pub fn code(&self) -> PlanErrorCode {
        use PlanErrorCode as Code;
        match self {
            Self::NotFound | Self::NoTenant | Self::NothingPending | Self::NotBilled | Self::CustomerGone => {
                Code::NotFound
            }
            Self::Unchanged | Self::EndsAlready | Self::GoesOnAlready => Code::AlreadyDone,
            Self::TrialUsed
            | Self::OtherCurrency(_)
            | Self::Unpaid
            | Self::OtherPage
            | Self::Billed
            | Self::BilledElsewhere
            | Self::CancelInstead => Code::NotAllowed,
            Self::NoStripe => Code::BillingNotConfigured,
            Self::StripeAway => Code::BillingUnavailable,
            Self::PaymentFailed(_) => Code::PaymentFailed,
            Self::Over(_) => Code::DowngradeBelowUse,
            Self::HandleTaken(_) => Code::Taken,
            Self::NoPrice { .. }
            | Self::BadHandle
            | Self::BadName
            | Self::LongDescription
            | Self::BadLimit { .. }
            | Self::LimitTwice { .. }
            | Self::FeatureTwice { .. }
            | Self::BadPrice { .. }
            | Self::PriceTwice { .. }
            | Self::TooManyPrices
            | Self::BadPoints
            | Self::BadWeight
            | Self::BadFee
            | Self::BadTrial
            | Self::BadFollower
            | Self::CostsNothing
            | Self::NotPayable
            | Self::BadReturnUrl => Code::Invalid,
        }
    }

    /// The path to the argument at fault; none: it is not what was sent.
    pub fn field(&self) -> Option<Vec<String>> {
        let path: &[&str] = match self {
            Self::NoStripe
            | Self::StripeAway
            | Self::PaymentFailed(_)
            | Self::NotBilled
            | Self::OtherPage
            | Self::CustomerGone
            | Self::EndsAlready
            | Self::GoesOnAlready => return None,
            Self::NotFound
            | Self::Unchanged
            | Self::TrialUsed
            | Self::Over(_)
            | Self::NothingPending
            | Self::Unpaid
            | Self::Billed
            | Self::CostsNothing
            | Self::CancelInstead => &["planId"],
            Self::NoTenant | Self::BilledElsewhere => &["tenantId"],
            Self::NoPrice { .. } | Self::OtherCurrency(_) | Self::NotPayable => &["currencyCode"],
            Self::BadReturnUrl => &["returnUrl"],
            Self::BadHandle | Self::HandleTaken(_) => &["input", "handle"],
            Self::BadName => &["input", "name"],
            Self::LongDescription => &["input", "description"],
            Self::TooManyPrices => &["input", "prices"],
            Self::BadPoints => &["input", "apiPointsPerSecond"],
            Self::BadWeight => &["input", "jobWeight"],
            Self::BadFee => &["input", "transactionFee"],
            Self::BadTrial => &["input", "trialDays"],
            Self::BadFollower => &["input", "followerId"],
            Self::BadLimit { at } | Self::LimitTwice { at } => return within("limits", *at),
            Self::FeatureTwice { at } => return within("features", *at),
            Self::BadPrice { at } | Self::PriceTwice { at } => return within("prices", *at),
        };
        Some(path.iter().map(|part| (*part).to_owned()).collect())
    }
}

fn within(list: &str, at: usize) -> Option<Vec<String>> {
    Some(vec!["input".to_owned(), list.to_owned(), at.to_string()])
}
