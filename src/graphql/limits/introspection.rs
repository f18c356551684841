//! How long the schema's lists about itself are, for [`super::cost`], and which fields lead round in circles, for
//! [`super::shape`].
//!
//! async-graphql answers them without ever waiting, so neither a timeout nor the budget ends them: what they come to
//! must be known before.

use async_graphql::registry::{MetaType, Registry};

/// The fields by which the schema describes itself.
pub fn is_root(field: &str) -> bool {
    matches!(field, "__schema" | "__type")
}

/// From a type's list there is a way to types again, and to their lists.
pub fn is_list(field: &str) -> bool {
    matches!(field, "fields" | "interfaces" | "possibleTypes" | "inputFields")
}

/// One kind of list, over all types (or fields) of the schema.
#[derive(Clone, Copy, Debug, Default)]
struct List {
    items: u64,
    longest: u64,
}

impl List {
    fn of(lengths: impl Iterator<Item = usize>) -> Self {
        lengths.fold(Self::default(), |list, length| {
            let length = length as u64;
            Self { items: list.items + length, longest: list.longest.max(length) }
        })
    }
}

/// The lists of a schema.
#[derive(Debug)]
pub struct Lists {
    types: u64,
    directives: u64,
    fields: List,
    arguments: List,
    input_fields: List,
    enum_values: List,
    interfaces: List,
    possible_types: List,
}

impl Lists {
    pub fn of(registry: &Registry) -> Self {
        let types = || registry.types.values();
        let fields = || types().filter_map(MetaType::fields);
        let arguments = fields().flat_map(|fields| fields.values()).map(|field| field.args.len());
        let of_directives = registry.directives.values().map(|directive| directive.args.len());
        let input_fields = types().filter_map(|of| match of {
            MetaType::InputObject { input_fields, .. } => Some(input_fields.len()),
            _ => None,
        });
        let enum_values = types().filter_map(|of| match of {
            MetaType::Enum { enum_values, .. } => Some(enum_values.len()),
            _ => None,
        });
        let possible_types = types().filter_map(|of| match of {
            MetaType::Interface { possible_types, .. } | MetaType::Union { possible_types, .. } => {
                Some(possible_types.len())
            }
            _ => None,
        });
        Self {
            types: registry.types.len() as u64,
            directives: registry.directives.len() as u64,
            fields: List::of(fields().map(|fields| fields.len())),
            arguments: List::of(arguments.chain(of_directives)),
            input_fields: List::of(input_fields),
            enum_values: List::of(enum_values),
            interfaces: List::of(registry.implements.values().map(|interfaces| interfaces.len())),
            possible_types: List::of(possible_types),
        }
    }

    /// How many items a field leads to at most. `of_all`: it is asked of every type (or of every field of every
    /// type), so that the average says how many come together; else of one, which may be the one with the longest.
    pub fn size(&self, field: &str, of_all: bool) -> u64 {
        let (list, owners) = match field {
            "types" => return self.types,
            "directives" => return self.directives.max(1),
            "fields" => (self.fields, self.types),
            "args" => (self.arguments, self.fields.items),
            "inputFields" => (self.input_fields, self.types),
            "enumValues" => (self.enum_values, self.types),
            "interfaces" => (self.interfaces, self.types),
            "possibleTypes" => (self.possible_types, self.types),
            _ => return 1,
        };
        if of_all { list.items.div_ceil(owners.max(1)) } else { list.longest }
    }
}
