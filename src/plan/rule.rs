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
}

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
            Self::NotFound | Self::NoTenant | Self::NothingPending => Code::NotFound,
            Self::Unchanged => Code::AlreadyDone,
            Self::TrialUsed | Self::OtherCurrency(_) => Code::NotAllowed,
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
            | Self::BadFollower => Code::Invalid,
        }
    }

    /// The path to the argument at fault.
    pub fn field(&self) -> Vec<String> {
        let path: &[&str] = match self {
            Self::NotFound | Self::Unchanged | Self::TrialUsed | Self::Over(_) | Self::NothingPending => &["planId"],
            Self::NoTenant => &["tenantId"],
            Self::NoPrice { .. } | Self::OtherCurrency(_) => &["currencyCode"],
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
        path.iter().map(|part| (*part).to_owned()).collect()
    }
}

fn within(list: &str, at: usize) -> Vec<String> {
    vec!["input".to_owned(), list.to_owned(), at.to_string()]
}
