//! What outside providers tell of organizations and their members, and in which order it counts.
//!
//! Events arrive in any order, and more than once. What came true later counts; what has ended does not begin again under
//! the same name.

use chrono::{DateTime, Utc};

/// An organization of a provider, which is a tenant here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    pub id: String,
    /// 1 to 255 characters.
    pub name: String,
    /// A short name for addresses, if the provider has one.
    pub slug: Option<String>,
    /// When, by the provider's clock, it became so.
    pub changed_at: DateTime<Utc>,
}

/// A user's membership of an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    pub organization: String,
    /// The user.
    pub subject: String,
    /// The membership's own name: a user who leaves and comes back has another.
    pub id: String,
    pub email: String,
    /// 1 to 255 characters.
    pub name: String,
    /// The handle of a role of ours.
    pub role: String,
    /// When, by the provider's clock, it became so.
    pub changed_at: DateTime<Utc>,
    pub has_ended: bool,
}

/// What is known of a user's membership.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    pub membership_id: String,
    pub changed_at: DateTime<Utc>,
    pub has_ended: bool,
}

impl Membership {
    /// Whether it tells something that is not known, and is not overtaken by what is.
    pub fn is_news(&self, known: Option<&Known>) -> bool {
        match known {
            None => true,
            Some(known) if known.membership_id == self.id => {
                !known.has_ended && (self.has_ended || self.changed_at > known.changed_at)
            }
            Some(known) => self.changed_at > known.changed_at,
        }
    }
}

/// How somebody stands whom a provider vouches for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing was told of them: their token counts.
    Unknown,
    /// They are a member.
    Active,
    /// They are a member no more, or the shop keeps them out: their token does not count.
    KeptOut,
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn said(id: &str, at: i64, has_ended: bool) -> Membership {
        let text = str::to_owned;
        Membership {
            organization: text("org_1"),
            subject: text("user_1"),
            id: text(id),
            email: text("ada@shop.example"),
            name: text("Ada"),
            role: text("viewer"),
            changed_at: DateTime::UNIX_EPOCH + TimeDelta::seconds(at),
            has_ended,
        }
    }

    /// Whatever the order in which events come, and however often, the end is the same.
    #[test]
    fn every_order_of_events_leads_to_the_same_end() {
        // Comes, gets another role, leaves, comes back, gets another role.
        let story = [
            said("m1", 1, false),
            said("m1", 2, false),
            said("m1", 3, true),
            said("m2", 4, false),
            said("m2", 5, false),
        ];
        for (length, end) in [(2, ("m1", false)), (3, ("m1", true)), (4, ("m2", false)), (5, ("m2", false))] {
            let mut order: Vec<usize> = (0..length).collect();
            let mut orders = Vec::new();
            permute(&mut order, length, &mut orders);
            for order in orders {
                let mut known: Option<Known> = None;
                for said in order.iter().chain(&order).map(|at| &story[*at]) {
                    if said.is_news(known.as_ref()) {
                        let before = known.map_or(said.changed_at, |known| known.changed_at);
                        known = Some(Known {
                            membership_id: said.id.clone(),
                            changed_at: said.changed_at.max(before),
                            has_ended: said.has_ended,
                        });
                    }
                }
                let known = known.expect("something was told");
                assert_eq!((known.membership_id.as_str(), known.has_ended), end, "{order:?}");
            }
        }
    }

    fn permute(order: &mut Vec<usize>, left: usize, found: &mut Vec<Vec<usize>>) {
        if left <= 1 {
            found.push(order.clone());
            return;
        }
        for at in 0..left {
            order.swap(at, left - 1);
            permute(order, left - 1, found);
            order.swap(at, left - 1);
        }
    }
}
