//! Every type that implements `Node`.

/// How `node` answers for a type.
pub enum Node {
    /// It finds the thing of this name, for its owner.
    Found(&'static str),
    /// It finds none: why.
    Never(&'static str),
}
use Node::{Found, Never};

const NONE_YET: Node = Never("there are none yet");
const BY_ITS_CART: Node = Never("lines are read through their cart, whose id holds a key");

pub const NODES: &[(&str, Node)] = &[
    ("Product", Found("product1")),
    ("ProductVariant", Found("variant1")),
    ("ProductOption", Found("option1")),
    ("ProductOptionValue", Found("value1")),
    ("MediaImage", Found("image1")),
    ("Collection", Found("collection1")),
    ("Page", Found("page1")),
    ("Menu", Found("menu1")),
    ("MenuItem", Found("menuItem1")),
    ("Shop", Found("shop")),
    ("Market", Found("market")),
    ("Location", Found("location")),
    ("Cart", Found("cart1")),
    ("CartLine", BY_ITS_CART),
    ("ComponentizableCartLine", BY_ITS_CART),
    ("Order", Found("order1")),
    ("Article", NONE_YET),
    ("Blog", NONE_YET),
    ("Comment", NONE_YET),
    ("Metafield", NONE_YET),
    ("Metaobject", NONE_YET),
    ("ShopPolicy", NONE_YET),
    ("UrlRedirect", NONE_YET),
    ("WebhookSubscription", Found("webhook1")),
    ("DeliveryProfile", Found("profile1")),
    ("MailingAddress", Never("an address is read through what it belongs to")),
    ("AppliedGiftCard", NONE_YET),
    ("Company", NONE_YET),
    ("CompanyContact", NONE_YET),
    ("CompanyLocation", NONE_YET),
    ("ExternalVideo", NONE_YET),
    ("GenericFile", NONE_YET),
    ("MediaPresentation", NONE_YET),
    ("Model3d", NONE_YET),
    ("TaxonomyCategory", NONE_YET),
    ("Video", NONE_YET),
];
