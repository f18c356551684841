//! Permissions: an action on a resource, named like Shopify's access scopes (`read_orders`).

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// To see.
    Read,
    /// To make and to change.
    Write,
    /// To remove for good.
    Delete,
    /// To carry out in bulk.
    Export,
}

impl Action {
    /// As in a permission's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Delete => "delete",
            Self::Export => "export",
        }
    }
}

/// An action on a kind of thing. Which there are: [`Permission::ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Permission {
    pub action: Action,
    pub resource: Resource,
    /// Its place in [`Permission::ALL`], and in [`Permissions`].
    index: u8,
}

/// Declares the resources, and which actions there are on each: the one list of permissions.
macro_rules! permissions {
    ($($(#[doc = $doc:literal])+ $resource:ident $name:literal: $($action:ident $constant:ident),+;)+) => {
        /// What is acted on.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Resource {
            $($(#[doc = $doc])+ $resource,)+
        }

        impl Resource {
            /// Every one, in the order of their declaration.
            pub const ALL: &[Self] = &[$(Self::$resource,)+];

            /// As in a permission's name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$resource => $name,)+ }
            }

            /// What it holds, in words.
            pub const fn description(self) -> &'static str {
                match self { $(Self::$resource => concat!($($doc),+),)+ }
            }
        }

        /// The places, in the order of declaration.
        #[expect(non_camel_case_types, reason = "named as the constants they number")]
        enum Place { $($($constant,)+)+ }

        $($(
            #[doc = concat!("To ", stringify!($action), " ", $name, ".")]
            pub const $constant: Permission =
                Permission { action: Action::$action, resource: Resource::$resource, index: Place::$constant as u8 };
        )+)+

        impl Permission {
            /// Every permission, in the order of declaration.
            pub const ALL: &[Self] = &[$($($constant,)+)+];
        }
    };
}

permissions! {
    /// Products, variants, their options, prices and media.
    Products "products":
        Read READ_PRODUCTS, Write WRITE_PRODUCTS, Delete DELETE_PRODUCTS, Export EXPORT_PRODUCTS;
    /// Collections and what is in them.
    Collections "collections":
        Read READ_COLLECTIONS, Write WRITE_COLLECTIONS, Delete DELETE_COLLECTIONS, Export EXPORT_COLLECTIONS;
    /// Stock.
    Inventory "inventory": Read READ_INVENTORY, Write WRITE_INVENTORY, Export EXPORT_INVENTORY;
    /// Locations that stock is kept at.
    Locations "locations": Read READ_LOCATIONS, Write WRITE_LOCATIONS, Delete DELETE_LOCATIONS;
    /// Orders, their payments, fulfillments and events.
    Orders "orders": Read READ_ORDERS, Write WRITE_ORDERS, Delete DELETE_ORDERS, Export EXPORT_ORDERS;
    /// Customers, their addresses, tags and notes.
    Customers "customers":
        Read READ_CUSTOMERS, Write WRITE_CUSTOMERS, Delete DELETE_CUSTOMERS, Export EXPORT_CUSTOMERS;
    /// Discounts and gift cards.
    Discounts "discounts":
        Read READ_DISCOUNTS, Write WRITE_DISCOUNTS, Delete DELETE_DISCOUNTS, Export EXPORT_DISCOUNTS;
    /// Delivery profiles, zones and rates.
    Shipping "shipping": Read READ_SHIPPING, Write WRITE_SHIPPING, Delete DELETE_SHIPPING;
    /// Pages, blogs, menus and files.
    Content "content": Read READ_CONTENT, Write WRITE_CONTENT, Delete DELETE_CONTENT, Export EXPORT_CONTENT;
    /// What the shop says of itself, its domains, and which documents storefronts may send.
    Settings "settings": Read READ_SETTINGS, Write WRITE_SETTINGS;
    /// The shop's plan, its invoices and how they are paid.
    Billing "billing": Read READ_BILLING, Write WRITE_BILLING, Export EXPORT_BILLING;
    /// Webhook subscriptions and their deliveries.
    Webhooks "webhooks": Read READ_WEBHOOKS, Write WRITE_WEBHOOKS, Delete DELETE_WEBHOOKS;
    /// Staff members, their sessions and roles.
    Staff "staff": Read READ_STAFF, Write WRITE_STAFF, Delete DELETE_STAFF;
    /// API keys.
    ApiKeys "api_keys": Read READ_API_KEYS, Write WRITE_API_KEYS, Delete DELETE_API_KEYS;
    /// Work in the background.
    Jobs "jobs": Read READ_JOBS, Write WRITE_JOBS;
    /// Who has done what.
    AuditLog "audit_log": Read READ_AUDIT_LOG, Export EXPORT_AUDIT_LOG;
}

impl Permission {
    /// The one with this name.
    pub fn parse(name: &str) -> Option<Self> {
        let (action, resource) = name.split_once('_')?;
        let is_it = |one: &&Self| one.action.as_str() == action && one.resource.as_str() == resource;
        Self::ALL.iter().find(is_it).copied()
    }

    /// The kind of thing for which alone it may be allowed or denied, by its name in the schema; none: it holds for all or
    /// for none. What everybody sees (a collection), and what is told of all locations together (how much there is of
    /// something), nobody can be kept from for one of them.
    pub const fn object(self) -> Option<&'static str> {
        match (self.resource, self.action) {
            (Resource::Collections, Action::Write | Action::Delete) => Some("Collection"),
            (Resource::Inventory, Action::Write) | (Resource::Locations, _) => Some("Location"),
            _ => None,
        }
    }

    const fn bit(self) -> u64 {
        1 << self.index
    }
}

/// Its name: `read_orders`.
impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.action.as_str(), self.resource.as_str())
    }
}

/// A set of permissions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Permissions(u64);

const _: () = assert!(Permission::ALL.len() < u64::BITS as usize);

impl Permissions {
    pub const NONE: Self = Self(0);
    pub const ALL: Self = Self((1 << Permission::ALL.len()) - 1);

    /// Those of the list.
    pub const fn of(list: &[Permission]) -> Self {
        let (mut bits, mut at) = (0, 0);
        while at < list.len() {
            bits |= list[at].bit();
            at += 1;
        }
        Self(bits)
    }

    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & permission.bit() != 0
    }

    /// Whether every one of the others is here too.
    pub const fn covers(self, others: Self) -> bool {
        others.0 & !self.0 == 0
    }

    #[must_use]
    pub const fn with(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    #[must_use]
    pub const fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    /// In the order of their declaration.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |permission| self.contains(*permission))
    }

    /// Their names, in the order of their declaration.
    pub fn names(self) -> Vec<String> {
        self.iter().map(|permission| permission.to_string()).collect()
    }

    /// Those with these names that this version knows.
    pub fn known(names: &[String]) -> Self {
        let known = names.iter().filter_map(|name| Permission::parse(name));
        known.fold(Self::NONE, |all, permission| all.with(Self::of(&[permission])))
    }

    /// Those with these names; the place of the first name that is none, and the name, otherwise.
    pub fn parse<N: AsRef<str>>(names: impl IntoIterator<Item = N>) -> Result<Self, (usize, String)> {
        names.into_iter().enumerate().try_fold(Self::NONE, |all, (at, name)| match Permission::parse(name.as_ref()) {
            Some(permission) => Ok(all.with(Self::of(&[permission]))),
            None => Err((at, name.as_ref().to_owned())),
        })
    }
}

/// By their names, which stay when their places change.
impl Serialize for Permissions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(|permission| permission.to_string()))
    }
}

/// A name that this version does not know is left out: less is safe.
impl<'de> Deserialize<'de> for Permissions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::known(&Vec::<String>::deserialize(deserializer)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permission_is_found_by_its_name_and_has_a_place_of_its_own() {
        for (index, permission) in Permission::ALL.iter().enumerate() {
            assert_eq!(Permission::parse(&permission.to_string()), Some(*permission));
            assert_eq!(usize::from(permission.index), index);
        }
        for name in ["", "orders", "read", "read_", "read_order", "READ_ORDERS", "read_orders ", "write_audit_log"] {
            assert_eq!(Permission::parse(name), None, "{name}");
        }
    }

    #[test]
    fn those_of_collections_and_locations_can_be_said_of_one() {
        let of_one = Permission::ALL.iter().filter_map(|one| Some(format!("{one}: {}", one.object()?)));
        let expected = [
            "write_collections: Collection",
            "delete_collections: Collection",
            "write_inventory: Location",
            "read_locations: Location",
            "write_locations: Location",
            "delete_locations: Location",
        ];
        assert_eq!(of_one.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_set_holds_what_was_put_into_it() {
        let set = Permissions::parse(["write_orders", "read_orders"]).unwrap();
        assert_eq!(set.names(), ["read_orders", "write_orders"]);
        assert!(set.contains(READ_ORDERS) && !set.contains(DELETE_ORDERS));
        assert!(Permissions::ALL.covers(set) && !set.covers(Permissions::ALL) && set.covers(Permissions::NONE));
        assert_eq!(Permissions::ALL.iter().count(), Permission::ALL.len());
        assert_eq!(set.without(Permissions::of(&[READ_ORDERS])).names(), ["write_orders"]);
        assert_eq!(Permissions::parse(["read_orders", "reed_orders"]), Err((1, "reed_orders".to_owned())));
    }
}
