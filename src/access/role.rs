//! Roles: named sets of permissions, each on top of another.

use super::permission::{Permission, Permissions};
use crate::access::permission as may;

/// The roles that every shop has. Each may what the one before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SystemRole {
    /// Sees the shop's goods and sales.
    Viewer,
    /// Works on them; neither deletes nor exports.
    Editor,
    /// Runs the shop: everything but what is the owner's.
    Admin,
    /// Everything.
    Owner,
}

impl SystemRole {
    /// From the least to the most.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Editor, Self::Admin, Self::Owner];

    pub const fn handle(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Editor => "editor",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    pub fn parse(handle: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.handle() == handle)
    }

    /// Whose permissions it has beside its own.
    pub const fn inherits(self) -> Option<Self> {
        match self {
            Self::Viewer => None,
            Self::Editor => Some(Self::Viewer),
            Self::Admin => Some(Self::Editor),
            Self::Owner => Some(Self::Admin),
        }
    }

    /// What it may beyond what it inherits.
    pub fn own(self) -> Permissions {
        match self {
            Self::Viewer => VIEWER,
            Self::Editor => EDITOR,
            Self::Admin => Permissions::ALL.without(VIEWER.with(EDITOR).with(OWNER)),
            Self::Owner => OWNER,
        }
    }

    /// All that it may.
    pub fn permissions(self) -> Permissions {
        let inherited = self.inherits().map_or(Permissions::NONE, Self::permissions);
        inherited.with(self.own())
    }
}

const VIEWER: Permissions = Permissions::of(&[
    may::READ_PRODUCTS,
    may::READ_COLLECTIONS,
    may::READ_INVENTORY,
    may::READ_LOCATIONS,
    may::READ_ORDERS,
    may::READ_CUSTOMERS,
    may::READ_DISCOUNTS,
    may::READ_SHIPPING,
    may::READ_CONTENT,
    may::READ_SETTINGS,
]);

const EDITOR: Permissions = Permissions::of(&[
    may::WRITE_PRODUCTS,
    may::WRITE_COLLECTIONS,
    may::WRITE_INVENTORY,
    may::WRITE_ORDERS,
    may::WRITE_CUSTOMERS,
    may::WRITE_DISCOUNTS,
    may::WRITE_CONTENT,
]);

/// Who pays decides.
const OWNER: Permissions = Permissions::of(&[may::WRITE_BILLING, may::EXPORT_BILLING]);

/// A role as it is in force: one of the system's, perhaps with other permissions in this shop, or the shop's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    pub handle: String,
    /// What it may by itself.
    pub own: Permissions,
    /// The role whose permissions it has as well.
    pub inherits: Option<Box<Role>>,
}

impl Role {
    /// All that it may.
    pub fn permissions(&self) -> Permissions {
        let inherited = self.inherits.as_ref().map_or(Permissions::NONE, |role| role.permissions());
        inherited.with(self.own)
    }

    /// Which of the roles, from this one down, has the permission by itself.
    pub fn granting(&self, permission: Permission) -> Option<&str> {
        match self.own.contains(permission) {
            true => Some(&self.handle),
            false => self.inherits.as_ref()?.granting(permission),
        }
    }
}

/// As the system has it.
impl From<SystemRole> for Role {
    fn from(role: SystemRole) -> Self {
        Self {
            handle: role.handle().to_owned(),
            own: role.own(),
            inherits: role.inherits().map(|inherited| Box::new(inherited.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Action;

    #[test]
    fn each_role_may_what_the_one_before_it_may_and_more() {
        for pair in SystemRole::ALL.windows(2) {
            let (less, more) = (pair[0].permissions(), pair[1].permissions());
            assert!(more.covers(less) && more != less, "{pair:?}");
        }
        assert_eq!(SystemRole::Owner.permissions(), Permissions::ALL);
    }

    #[test]
    fn an_editor_neither_deletes_nor_exports_and_a_viewer_only_reads() {
        let actions = |role: SystemRole| role.permissions().iter().map(|one| one.action).collect::<Vec<_>>();
        assert!(actions(SystemRole::Editor).iter().all(|action| matches!(action, Action::Read | Action::Write)));
        assert!(actions(SystemRole::Viewer).iter().all(|action| *action == Action::Read));
        // Nobody comes to more rights by giving them to themselves.
        for own in [may::WRITE_STAFF, may::WRITE_API_KEYS] {
            assert!(!SystemRole::Editor.permissions().contains(own), "{own}");
        }
    }

    #[test]
    fn a_role_says_from_which_one_it_has_a_permission() {
        let admin = Role::from(SystemRole::Admin);
        assert_eq!(admin.granting(may::DELETE_ORDERS), Some("admin"));
        assert_eq!(admin.granting(may::WRITE_ORDERS), Some("editor"));
        assert_eq!(admin.granting(may::READ_ORDERS), Some("viewer"));
        assert_eq!(admin.granting(may::WRITE_BILLING), None);
        assert_eq!(admin.permissions(), SystemRole::Admin.permissions());
    }
}
