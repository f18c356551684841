//! Every type that implements `Node`.

/// How `node` answers for a type.
pub enum Node {
    /// It finds the thing of this name, for its owner.
    Found(&'static str),
    /// It finds none: why.
    Never(&'static str),
    /// There are none to find: a furnished store has nothing of the kind.
    NoneYet,
}
use Node::{Found, Never, NoneYet};

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
    ("Customer", Found("customer1")),
    ("Order", Found("order1")),
    ("LineItem", Found("order1 line")),
    ("FulfillmentOrder", Found("order1 parts")),
    ("FulfillmentOrderLineItem", Found("order1 part")),
    ("Article", NoneYet),
    ("Blog", NoneYet),
    ("Comment", NoneYet),
    ("Metafield", NoneYet),
    ("Metaobject", NoneYet),
    ("ShopPolicy", NoneYet),
    ("UrlRedirect", NoneYet),
    ("WebhookSubscription", Found("webhook1")),
    ("WebhookDelivery", Found("delivery")),
    ("Job", Found("job1")),
    ("LedgerPosting", Found("posting1")),
    ("Invoice", Found("invoice1")),
    ("DeliveryProfile", Found("profile1")),
    ("TrustedDocument", Found("trusted1")),
    ("CustomDomain", Found("domain1")),
    ("ApiKey", Found("apiKey1")),
    ("SupportAccess", Found("support1")),
    ("Role", Found("role1")),
    ("StaffMember", Found("staff1")),
    ("StaffSession", Found("session1")),
    ("MailingAddress", Never("an address is read through what it belongs to")),
    ("AppliedGiftCard", NoneYet),
    ("Company", NoneYet),
    ("CompanyContact", NoneYet),
    ("CompanyLocation", NoneYet),
    ("ExternalVideo", NoneYet),
    ("GenericFile", NoneYet),
    ("MediaPresentation", NoneYet),
    ("Model3d", NoneYet),
    ("TaxonomyCategory", NoneYet),
    ("Video", NoneYet),
];
