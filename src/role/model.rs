//! What a role is, and how the shop's roles come to what each may.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::access::{Permissions, Role, SystemRole};

/// Roles that a shop makes itself, at most.
pub const MAX_ROLES: usize = 100;
/// Roles in a line of inheritance, at most.
pub const MAX_DEPTH: usize = 5;
/// Characters of a name, at most.
pub const MAX_NAME: usize = 255;
/// Characters of a handle, at most.
pub const MAX_HANDLE: usize = 63;

/// Whether it can be a role's handle: a letter, then letters, digits, `-` and `_`, all small; 1 to 63 characters.
pub fn is_handle(text: &str) -> bool {
    let rest = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c);
    (1..=MAX_HANDLE).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(rest)
}

/// A role as the shop keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub id: Uuid,
    pub handle: String,
    pub name: String,
    /// The handle of the role whose permissions it has as well.
    pub inherits: Option<String>,
    pub permissions: Permissions,
    /// None for one of the system's that the shop has as it is.
    pub times: Option<Times>,
}

/// When a role was made and last changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl Kept {
    /// One of the system's, as every shop has it.
    pub fn of_system(role: SystemRole) -> Self {
        Self {
            id: system_id(role),
            handle: role.handle().to_owned(),
            name: match role {
                SystemRole::Viewer => "Viewer",
                SystemRole::Editor => "Editor",
                SystemRole::Admin => "Admin",
                SystemRole::Owner => "Owner",
            }
            .to_owned(),
            inherits: role.inherits().map(|inherited| inherited.handle().to_owned()),
            permissions: role.own(),
            times: None,
        }
    }

    /// Whether it is one of the system's, changed or not.
    pub fn system(&self) -> Option<SystemRole> {
        SystemRole::parse(&self.handle)
    }
}

/// The id of a system's role: the same in every shop, and of no other thing.
pub fn system_id(role: SystemRole) -> Uuid {
    let place = SystemRole::ALL.iter().position(|one| *one == role).unwrap_or_default();
    Uuid::from_u128(0x0000_0000_0000_8000_8000_0000_0000_0001 + place as u128)
}

/// All roles of a shop: the system's, those over them that the shop has changed, then its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roles(Vec<Kept>);

impl Roles {
    /// From what the shop keeps.
    pub fn new(kept: Vec<Kept>) -> Self {
        let of_system = SystemRole::ALL.into_iter().map(|role| {
            // What nobody may change is not believed of a row either.
            let changed = kept.iter().find(|one| one.system() == Some(role) && role != SystemRole::Owner);
            changed.cloned().unwrap_or_else(|| Kept::of_system(role))
        });
        let own = kept.iter().filter(|one| one.system().is_none()).cloned();
        Self(of_system.chain(own).collect())
    }

    pub fn iter(&self) -> impl Iterator<Item = &Kept> {
        self.0.iter()
    }

    pub fn by_id(&self, id: Uuid) -> Option<&Kept> {
        self.0.iter().find(|one| one.id == id)
    }

    pub fn by_handle(&self, handle: &str) -> Option<&Kept> {
        self.0.iter().find(|one| one.handle == handle)
    }

    /// How many the shop has made itself.
    pub fn own(&self) -> usize {
        self.0.iter().filter(|one| one.system().is_none()).count()
    }

    /// The role with all that it inherits. One that is not there, or inherits for ever, may what a viewer may.
    pub fn in_force(&self, handle: &str) -> Role {
        self.line(handle).unwrap_or_else(|| self.line(SystemRole::Viewer.handle()).unwrap_or(SystemRole::Viewer.into()))
    }

    /// None where the line does not end within [`MAX_DEPTH`] roles, or breaks.
    pub fn line(&self, handle: &str) -> Option<Role> {
        self.line_within(handle, MAX_DEPTH)
    }

    /// What somebody must be allowed themselves who gives this role to others, or takes it from them. Of one whose line is
    /// broken that is everything: what it will be, once it is whole, nobody knows.
    pub fn to_give(&self, handle: &str) -> Permissions {
        match self.by_handle(handle) {
            Some(_) => self.line(handle).map_or(Permissions::ALL, |role| role.permissions()),
            None => self.in_force(handle).permissions(),
        }
    }

    /// Whether every line that ended before still ends.
    pub fn breaks_none_of(&self, before: &Self) -> bool {
        self.iter().all(|role| self.line(&role.handle).is_some() || before.line(&role.handle).is_none())
    }

    fn line_within(&self, handle: &str, depth: usize) -> Option<Role> {
        if handle == SystemRole::Owner.handle() {
            // All that there is, whatever the shop makes of the roles below it: or they would decide what an owner may.
            return Some(SystemRole::Owner.into());
        }
        let kept = self.by_handle(handle).filter(|_| depth > 0)?;
        let inherits = match &kept.inherits {
            Some(inherited) => Some(Box::new(self.line_within(inherited, depth - 1)?)),
            None => None,
        };
        Some(Role { handle: kept.handle.clone(), own: kept.permissions, inherits })
    }

    /// The same roles with this one in place of the one with its id, or beside them.
    #[must_use]
    pub fn with(&self, role: Kept) -> Self {
        let mut all = self.0.clone();
        match all.iter_mut().find(|one| one.id == role.id) {
            Some(there) => *there = role,
            None => all.push(role),
        }
        Self(all)
    }

    /// Those that inherit from this one, by themselves.
    pub fn heirs<'a>(&'a self, handle: &'a str) -> impl Iterator<Item = &'a Kept> {
        self.0.iter().filter(move |one| one.inherits.as_deref() == Some(handle))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::permission::{DELETE_ORDERS, READ_BILLING, READ_ORDERS, WRITE_BILLING, WRITE_ORDERS};

    fn own(id: u128, handle: &str, inherits: Option<&str>, permissions: &[crate::access::Permission]) -> Kept {
        Kept {
            id: Uuid::from_u128(id),
            handle: handle.to_owned(),
            name: handle.to_owned(),
            inherits: inherits.map(str::to_owned),
            permissions: Permissions::of(permissions),
            times: None,
        }
    }

    #[test]
    fn a_handle_is_of_small_letters() {
        assert!(is_handle("shop-keeper_2") && is_handle(&"a".repeat(63)));
        for bad in ["", "Owner", "2nd", "-a", "shop keeper", "ä", &"a".repeat(64)] {
            assert!(!is_handle(bad), "{bad}");
        }
    }

    #[test]
    fn a_role_may_what_it_inherits_and_its_own() {
        let roles = Roles::new(vec![own(10, "packer", Some("viewer"), &[WRITE_ORDERS])]);
        let packer = roles.in_force("packer");
        assert_eq!(packer.granting(WRITE_ORDERS), Some("packer"));
        assert_eq!(packer.granting(READ_ORDERS), Some("viewer"));
        assert_eq!(packer.granting(DELETE_ORDERS), None);
    }

    #[test]
    fn a_shop_may_have_a_systems_role_otherwise_but_not_the_owners() {
        let mut less = Kept::of_system(SystemRole::Editor);
        less.permissions = Permissions::of(&[WRITE_ORDERS]);
        let mut owner = Kept::of_system(SystemRole::Owner);
        owner.permissions = Permissions::NONE;
        let roles = Roles::new(vec![less, owner]);
        assert_eq!(roles.iter().count(), 4);
        assert_eq!(roles.in_force("editor").own.names(), ["write_orders"]);
        // Admin has by itself what an editor usually has not, and inherits what this editor has.
        assert!(roles.in_force("admin").permissions().contains(WRITE_ORDERS));
        assert!(roles.in_force("owner").permissions().contains(WRITE_BILLING));
    }

    #[test]
    fn the_owner_may_everything_whatever_becomes_of_the_roles_below() {
        let mut admin = Kept::of_system(SystemRole::Admin);
        (admin.inherits, admin.permissions) = (None, Permissions::NONE);
        assert_eq!(Roles::new(vec![admin]).in_force("owner").permissions(), Permissions::ALL);
        let mut viewer = Kept::of_system(SystemRole::Viewer);
        viewer.inherits = Some("r2".to_owned());
        let long = Roles::new(vec![viewer, own(10, "r1", None, &[]), own(11, "r2", Some("r1"), &[])]);
        assert_eq!(long.line("admin").map(|role| role.permissions()), Some(SystemRole::Admin.permissions()));
        assert_eq!(long.in_force("owner").permissions(), Permissions::ALL);
        assert_eq!(long.to_give("owner"), Permissions::ALL);
    }

    #[test]
    fn a_broken_line_is_given_by_those_alone_who_may_everything() {
        let roles = Roles::new(vec![own(10, "a", Some("gone"), &[READ_BILLING])]);
        assert_eq!(roles.to_give("a"), Permissions::ALL);
        assert_eq!(roles.to_give("nobody"), SystemRole::Viewer.permissions());
        assert_eq!(roles.to_give("editor"), SystemRole::Editor.permissions());
    }

    #[test]
    fn who_has_a_role_that_is_not_there_or_never_ends_is_a_viewer() {
        let a = own(10, "a", Some("b"), &[READ_BILLING]);
        let roles =
            Roles::new(vec![a, own(11, "b", Some("a"), &[READ_BILLING]), own(12, "c", Some("gone"), &[READ_BILLING])]);
        for handle in ["", "nobody", "OWNER", "a", "b", "c"] {
            assert_eq!(roles.in_force(handle), SystemRole::Viewer.into(), "{handle}");
        }
    }

    #[test]
    fn a_line_of_five_is_one_and_of_six_is_none() {
        let line: Vec<Kept> = (0..6)
            .map(|n| own(10 + n, &format!("r{n}"), (n > 0).then(|| format!("r{}", n - 1)).as_deref(), &[READ_BILLING]))
            .collect();
        let roles = Roles::new(line);
        assert!(roles.line("r4").is_some() && roles.line("r5").is_none());
    }

    #[test]
    fn the_systems_roles_have_ids_of_their_own() {
        let ids: std::collections::HashSet<Uuid> = SystemRole::ALL.into_iter().map(system_id).collect();
        assert_eq!(ids.len(), SystemRole::ALL.len());
    }
}
