//! Plans: what new tenants are on, and what becomes of those who have too much for a smaller one.

use std::fmt;
use std::str::FromStr;

use super::read::Reader;

/// What becomes of a tenant that uses more than the plan it wants has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Downgrade {
    /// It is told of what there is too much, and stays where it is.
    Refuse,
    /// It keeps what is there, and makes nothing more of it until there is less.
    Grandfather,
}

impl fmt::Display for Downgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refuse => "refuse",
            Self::Grandfather => "grandfather",
        })
    }
}

impl FromStr for Downgrade {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "refuse" => Ok(Self::Refuse),
            "grandfather" => Ok(Self::Grandfather),
            _ => Err("expected refuse or grandfather".to_owned()),
        }
    }
}

/// Plans.
#[derive(Clone, Debug)]
pub struct PlanConfig {
    /// `DEFAULT_PLAN`: the handle of the plan that new tenants are on, unless whoever makes them says another.
    pub usual: String,
    /// `PLAN_DOWNGRADE`: what becomes of those who use more than a smaller plan has room for.
    pub downgrade: Downgrade,
}

impl PlanConfig {
    pub(super) fn read_with(r: &mut Reader<'_>) -> Self {
        r.section("Plans");
        Self {
            usual: r.text(
                "DEFAULT_PLAN",
                "free",
                "the plan that new tenants are on: free, trial, basic, pro, or one of yours",
            ),
            downgrade: r.parsed(
                "PLAN_DOWNGRADE",
                Downgrade::Refuse,
                "refuse or grandfather",
                "what becomes of who uses more than a smaller plan has room for: refuse, or grandfather what is there",
            ),
        }
    }
}
