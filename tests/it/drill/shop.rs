//! The tenants of the drill: each a store with something to sell and an address that is told of its orders.

use serde_json::{Value, json};

use super::client::Client;
use super::house::House;
use crate::support::Receiver;

/// What merchants are told of: an order is made, and some are paid.
pub const TOPICS: [&str; 2] = ["ORDERS_CREATE", "ORDERS_PAID"];

/// There is enough of it for everyone.
pub const MUGS: i64 = 1_000_000;

pub struct Shop {
    pub tenant: String,
    pub handle: String,
    pub publishable: String,
    pub secret: String,
    /// The variant that everyone gets.
    pub mug: String,
    /// The one of which there are too few.
    pub lamp: String,
    /// With what the deliveries of each topic are signed.
    pub signing_secrets: [String; 2],
}

impl Shop {
    /// A new store, made as an operator makes one, with so many lamps.
    pub async fn open(house: &House, handle: &str, lamps: usize, receiver: &Receiver, client: &mut Client) -> Self {
        let made = house.operate_json(&[
            "tenant",
            "create",
            handle,
            "--currency",
            "EUR",
            "--country",
            "DE",
            "--shipping-rate",
            "4.90",
            "--json",
        ]);
        let text = |name: &str| made[name].as_str().expect("a text").to_owned();
        let mut it = Self {
            tenant: text("tenant_id"),
            handle: text("handle"),
            publishable: text("publishable_key"),
            secret: text("secret_key"),
            mug: String::new(),
            lamp: String::new(),
            signing_secrets: Default::default(),
        };
        it.fill(house, lamps);
        it.mug = it.variant("mug", client).await;
        it.lamp = it.variant("lamp", client).await;
        for (topic, signing_secret) in TOPICS.iter().zip(&mut it.signing_secrets) {
            let uri = format!("{}/{handle}/{topic}", receiver.url());
            let query = "mutation($topic: WebhookSubscriptionTopic!, $uri: URL!) {
                webhookSubscriptionCreate(topic: $topic, webhookSubscription: { uri: $uri }) {
                    signingSecret userErrors { message } } }";
            let made = client.until_answered(&it.secret, query, json!({ "topic": topic, "uri": uri }), None).await;
            made["webhookSubscriptionCreate"]["signingSecret"].as_str().expect("a secret").clone_into(signing_secret);
        }
        it
    }

    fn fill(&self, house: &House, lamps: usize) {
        let file = std::env::temp_dir().join(format!("emporia-drill-{}.csv", self.tenant));
        let rows = format!(
            "Handle,Title,Variant SKU,Variant Price,Variant Inventory Tracker,Variant Inventory Qty\n\
             mug,Mug,MUG,9.90,shopify,{MUGS}\nlamp,Lamp,LAMP,49,shopify,{lamps}\n"
        );
        std::fs::write(&file, rows).expect("a file");
        house.operate(&["import", "products", file.to_str().expect("a path"), "--tenant", &self.handle]);
        std::fs::remove_file(&file).expect("the file goes");
    }

    async fn variant(&self, product: &str, client: &mut Client) -> String {
        let query = "query($handle: String) {
            product(handle: $handle) { variants(first: 1) { nodes { id availableForSale } } } }";
        let found: Value = client.until_answered(&self.publishable, query, json!({ "handle": product }), None).await;
        let variant = &found["product"]["variants"]["nodes"][0];
        assert_eq!(variant["availableForSale"], true, "{found:#}");
        variant["id"].as_str().expect("an id").to_owned()
    }
}
