//! The decision: from what a caller brings and what is asked for to yes or no, with the rule that said so.
//!
//! Of a staff member, in this order: an override that denies (deny wins, whatever else is said), one that allows, the
//! role. What no rule allows is refused.

use std::fmt;
use std::sync::Arc;

use uuid::Uuid;

use super::permission::{Permission, Permissions};
use super::role::Role;

/// What a caller may do, as far as its credential says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Grants {
    /// A shopper: nothing that needs a permission.
    #[default]
    Nothing,
    /// The shop itself: a secret key that is not limited, or the worker.
    Everything,
    /// A secret key that is limited to these.
    Only(Permissions),
    /// A member of the staff.
    Staff(Arc<StaffGrants>),
}

/// What a member of the staff may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaffGrants {
    pub role: Role,
    /// What holds for this member beside the role.
    pub overrides: Vec<Override>,
}

/// An exception for one member of the staff.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Override {
    pub permission: Permission,
    /// The one thing that it is about, a collection or a location; none: all of the resource.
    pub object: Option<Uuid>,
    pub effect: Effect,
}

/// What an exception does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    Allow,
    Deny,
}

impl Override {
    /// Whether it speaks of the permission on the thing; on all of them, when none is named.
    fn is_about(&self, permission: Permission, object: Option<Uuid>) -> bool {
        self.permission == permission && (self.object.is_none() || self.object == object)
    }
}

/// Yes or no, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision<'a> {
    pub is_allowed: bool,
    pub rule: Rule<'a>,
}

/// What decided. Decisions are made for every field: it borrows the roles' names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule<'a> {
    /// The caller is a shopper.
    NoCredential,
    /// The key is not limited.
    UnlimitedKey,
    /// The permissions to which a key is limited, or a support access.
    Limited,
    /// An exception that denies.
    Denied { object: Option<Uuid> },
    /// An exception that allows.
    Allowed { object: Option<Uuid> },
    /// The role; the one from which it is inherited.
    Role { handle: &'a str },
    /// Nothing speaks for it.
    NotGranted { role: &'a str },
}

impl fmt::Display for Rule<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let about = |object: &Option<Uuid>| if object.is_some() { " for this one" } else { "" };
        match self {
            Self::NoCredential => write!(f, "shoppers have no permissions"),
            Self::UnlimitedKey => write!(f, "the key is not limited"),
            Self::Limited => write!(f, "what the key, or the support access, is limited to"),
            Self::Denied { object } => write!(f, "an exception{} denies it", about(object)),
            Self::Allowed { object } => write!(f, "an exception{} allows it", about(object)),
            Self::Role { handle } => write!(f, "the role {handle}"),
            Self::NotGranted { role } => write!(f, "neither the role {role} nor an exception allows it"),
        }
    }
}

impl Grants {
    /// Whether the caller may do it: to the thing, or in general when none is named. A refusal in general is not one of
    /// each thing ([`Grants::may_with_some`]), and leave in general is not leave for each ([`Grants::may_with_all`]).
    pub fn decide(&self, permission: Permission, object: Option<Uuid>) -> Decision<'_> {
        let (is_allowed, rule) = match self {
            Self::Nothing => (false, Rule::NoCredential),
            Self::Everything => (true, Rule::UnlimitedKey),
            Self::Only(permissions) => (permissions.contains(permission), Rule::Limited),
            Self::Staff(staff) => return staff.decide(permission, object),
        };
        Decision { is_allowed, rule }
    }

    /// Whether the caller may do it in general.
    pub fn may(&self, permission: Permission) -> bool {
        self.decide(permission, None).is_allowed
    }

    /// Whether the caller may do it to this thing.
    pub fn may_with(&self, permission: Permission, object: Uuid) -> bool {
        self.decide(permission, Some(object)).is_allowed
    }

    /// Whether the caller may do it in general, and there is no thing to which they may not.
    pub fn may_with_all(&self, permission: Permission) -> bool {
        let is_exception = |one: &Override| one.effect == Effect::Deny && one.permission == permission;
        let is_denied = matches!(self, Self::Staff(staff) if staff.overrides.iter().any(is_exception));
        self.may(permission) && !is_denied
    }

    /// Whether the caller may let others do it, or keep them from it: nobody gives away, or takes from others, what they do
    /// not have themselves.
    pub fn may_give(&self, permission: Permission, object: Option<Uuid>) -> bool {
        object.map_or_else(|| self.may_with_all(permission), |object| self.may_with(permission, object))
    }

    /// What the caller lacks of these, by name: nobody gives away what they do not have. None: nothing. What is denied for
    /// one thing cannot be given in general: who got it would have it for that one too.
    pub fn lack(&self, wanted: Permissions) -> Option<String> {
        let missing: Vec<_> = wanted.iter().filter(|one| !self.may_with_all(*one)).map(|one| one.to_string()).collect();
        (!missing.is_empty()).then(|| missing.join(", "))
    }

    /// What the caller lacks of these in general, by name: who may more than they may, they do not touch. None: nothing.
    pub fn lack_in_general(&self, wanted: Permissions) -> Option<String> {
        let missing = wanted.without(self.permissions());
        (missing != Permissions::NONE).then(|| missing.names().join(", "))
    }

    /// Whether the caller may do it to something: what a field asks before it is known to what.
    pub fn may_with_some(&self, permission: Permission) -> bool {
        let Self::Staff(staff) = self else { return self.may(permission) };
        let is_exception = |one: &Override| one.effect == Effect::Allow && one.permission == permission;
        let objects = staff.overrides.iter().filter(|one| is_exception(one)).map(|one| one.object);
        std::iter::once(None).chain(objects).any(|object| staff.decide(permission, object).is_allowed)
    }

    /// All that the caller may do in general.
    pub fn permissions(&self) -> Permissions {
        match self {
            Self::Nothing => Permissions::NONE,
            Self::Everything => Permissions::ALL,
            Self::Only(permissions) => *permissions,
            Self::Staff(staff) => {
                let allowed = Permission::ALL.iter().filter(|one| staff.decide(**one, None).is_allowed);
                Permissions::of(&allowed.copied().collect::<Vec<_>>())
            }
        }
    }
}

impl StaffGrants {
    fn decide(&self, permission: Permission, object: Option<Uuid>) -> Decision<'_> {
        let exception =
            |effect| self.overrides.iter().find(|one| one.effect == effect && one.is_about(permission, object));
        let (is_allowed, rule) = match (exception(Effect::Deny), exception(Effect::Allow)) {
            (Some(deny), _) => (false, Rule::Denied { object: deny.object }),
            (None, Some(allow)) => (true, Rule::Allowed { object: allow.object }),
            (None, None) => match self.role.granting(permission) {
                Some(handle) => (true, Rule::Role { handle }),
                None => (false, Rule::NotGranted { role: &self.role.handle }),
            },
        };
        Decision { is_allowed, rule }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::super::permission::{DELETE_ORDERS, READ_ORDERS, WRITE_COLLECTIONS};
    use super::super::role::SystemRole;
    use super::*;

    const THIS: Uuid = Uuid::from_u128(1);
    const OTHER: Uuid = Uuid::from_u128(2);

    fn staff(role: SystemRole, overrides: &[(Permission, Option<Uuid>, Effect)]) -> Grants {
        let overrides = overrides.iter().map(|(permission, object, effect)| Override {
            permission: *permission,
            object: *object,
            effect: *effect,
        });
        Grants::Staff(Arc::new(StaffGrants { role: role.into(), overrides: overrides.collect() }))
    }

    #[test]
    fn keys_and_shoppers_are_decided_without_exceptions() {
        let only = Grants::Only(Permissions::of(&[READ_ORDERS]));
        for (grants, permission, is_allowed) in [
            (Grants::Nothing, READ_ORDERS, false),
            (Grants::Everything, DELETE_ORDERS, true),
            (only.clone(), READ_ORDERS, true),
            (only, DELETE_ORDERS, false),
        ] {
            assert_eq!(grants.decide(permission, None).is_allowed, is_allowed, "{grants:?}");
            assert_eq!(grants.may(permission), is_allowed, "{grants:?}");
            assert_eq!(grants.may_with_some(permission), is_allowed, "{grants:?}");
        }
    }

    #[test]
    fn an_exception_for_one_thing_holds_for_that_one() {
        let viewer = staff(SystemRole::Viewer, &[(WRITE_COLLECTIONS, Some(THIS), Effect::Allow)]);
        assert!(viewer.decide(WRITE_COLLECTIONS, Some(THIS)).is_allowed);
        assert!(!viewer.decide(WRITE_COLLECTIONS, Some(OTHER)).is_allowed);
        assert!(!viewer.may(WRITE_COLLECTIONS) && viewer.may_with_some(WRITE_COLLECTIONS));
        assert!(!viewer.permissions().contains(WRITE_COLLECTIONS));
        let editor = staff(SystemRole::Editor, &[(WRITE_COLLECTIONS, Some(THIS), Effect::Deny)]);
        assert_eq!(editor.decide(WRITE_COLLECTIONS, Some(THIS)).rule, Rule::Denied { object: Some(THIS) });
        let why = editor.decide(WRITE_COLLECTIONS, Some(OTHER));
        assert_eq!(why, Decision { is_allowed: true, rule: Rule::Role { handle: "editor" } });
        assert!(editor.may(WRITE_COLLECTIONS) && !editor.may_with_all(WRITE_COLLECTIONS));
        assert_eq!(editor.lack_in_general(Permissions::of(&[WRITE_COLLECTIONS])), None);
        assert_eq!(editor.lack(Permissions::of(&[WRITE_COLLECTIONS])).as_deref(), Some("write_collections"));
        assert!(!editor.may_with(WRITE_COLLECTIONS, THIS) && editor.may_with(WRITE_COLLECTIONS, OTHER));
    }

    proptest! {
        /// Whatever else is said, in whatever order: deny wins, and without a word the role decides.
        #[test]
        fn deny_wins_then_allow_then_the_role(
            role in select(&SystemRole::ALL[..]),
            permission in select(Permission::ALL),
            said in proptest::collection::vec(
                (select(Permission::ALL), select(vec![None, Some(THIS), Some(OTHER)]), select(vec![Effect::Allow, Effect::Deny])),
                0..40,
            ),
            object in select(vec![None, Some(THIS), Some(OTHER)]),
        ) {
            let grants = staff(role, &said);
            let decision = grants.decide(permission, object);
            let about: Vec<Effect> = said.iter()
                .filter(|(of, on, _)| *of == permission && (on.is_none() || *on == object))
                .map(|(_, _, effect)| *effect)
                .collect();
            let expected = if about.contains(&Effect::Deny) {
                false
            } else {
                about.contains(&Effect::Allow) || role.permissions().contains(permission)
            };
            prop_assert_eq!(decision.is_allowed, expected, "{}", decision.rule);
            // A field that lets nobody pass never hides something that would be allowed.
            if decision.is_allowed {
                prop_assert!(grants.may_with_some(permission));
            }
            prop_assert_eq!(grants.may(permission), grants.permissions().contains(permission));
            // Whoever may give it has it, for everything that there is.
            if grants.lack(Permissions::of(&[permission])).is_none() {
                prop_assert!(decision.is_allowed, "{}", decision.rule);
            }
        }
    }
}
