//! Clients that order one thing after the other, whatever becomes of the servers meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tokio::sync::watch;

use super::client::{Client, Unanswered};
use super::house::pause;
use super::shop::Shop;

const CART: &str = "mutation($input: CartInput!) { cartCreate(input: $input) { cart { id } userErrors { message } } }";
const ADDRESS: &str = "mutation($id: ID!, $addresses: [CartSelectableAddressInput!]!) {
    cartDeliveryAddressesAdd(cartId: $id, addresses: $addresses) {
    cart { deliveryGroups(first: 1) { nodes { id deliveryOptions { handle } } } } userErrors { message } } }";
const OPTION: &str = "mutation($id: ID!, $options: [CartSelectedDeliveryOptionInput!]!) {
    cartSelectedDeliveryOptionsUpdate(cartId: $id, selectedDeliveryOptions: $options) {
    cart { id } userErrors { message } } }";
const CHECKOUT: &str = "mutation($id: ID!) { checkoutComplete(cartId: $id, payment: { gateway: \"manual\" }) {
    order { id name } userErrors { code message } } }";
const PAID: &str = "mutation($id: ID!) { orderMarkAsPaid(input: { id: $id }) { order { id } userErrors { message } } }";

/// An order as the API has acknowledged it.
#[derive(Clone, Debug)]
pub struct Placed {
    pub shop: usize,
    pub id: String,
    pub name: String,
    pub is_paid: bool,
}

/// How far the clients have come, and may go.
pub struct Progress {
    orders: usize,
    begun: AtomicUsize,
    pub acknowledged: watch::Sender<usize>,
    /// The next blow falls while orders are being made: none is begun that could only come after it.
    pub until: watch::Sender<usize>,
    /// Orders that were refused for want of lamps.
    pub sold_out: AtomicUsize,
}

impl Progress {
    pub fn new(orders: usize) -> Self {
        let (acknowledged, until) = (watch::Sender::new(0), watch::Sender::new(0));
        Self { orders, begun: AtomicUsize::new(0), acknowledged, until, sold_out: AtomicUsize::new(0) }
    }

    /// The number of the next order, once it may be begun; none when there are enough.
    async fn next(&self) -> Option<usize> {
        let number = self.begun.fetch_add(1, Ordering::Relaxed);
        if number >= self.orders {
            return None;
        }
        self.until.subscribe().wait_for(|until| number < *until).await.expect("the drill goes on");
        Some(number)
    }
}

/// Orders until there are enough orders.
pub async fn shop_until_done(mut client: Client, shops: Arc<Vec<Shop>>, progress: Arc<Progress>) -> Vec<Placed> {
    let mut placed = Vec::new();
    while let Some(number) = progress.next().await {
        let (shop, round) = (number % shops.len(), number / shops.len());
        let key = format!("order-{number}");
        // Four in a row want a lamp, so that several want the last one.
        let wish = Wish { mugs: 1 + round % 3, has_lamp: round / 4 % 4 == 0, is_paid: round % 3 == 0 };
        placed.push(order(&mut client, &shops, shop, &key, wish, &progress).await);
        progress.acknowledged.send_modify(|acknowledged| *acknowledged += 1);
    }
    placed
}

/// What is wanted.
#[derive(Clone, Copy)]
pub struct Wish {
    pub mugs: usize,
    pub has_lamp: bool,
    /// Whether the merchant notes the payment at once.
    pub is_paid: bool,
}

/// One order, from the cart to the acknowledgement.
pub async fn order(
    client: &mut Client,
    shops: &[Shop],
    at: usize,
    key: &str,
    wish: Wish,
    progress: &Progress,
) -> Placed {
    let shop = &shops[at];
    let (id, name) = match buy(client, shop, key, wish).await {
        Some(bought) => bought,
        None => {
            assert!(wish.has_lamp, "mugs do not run out");
            progress.sold_out.fetch_add(1, Ordering::Relaxed);
            let without = Wish { has_lamp: false, ..wish };
            buy(client, shop, &format!("{key}-without-lamp"), without).await.expect("mugs do not run out")
        }
    };
    if wish.is_paid {
        let paid = client.until_answered(&shop.secret, PAID, json!({ "id": id }), Some(&format!("paid-{key}"))).await;
        assert_eq!(paid["orderMarkAsPaid"]["userErrors"], json!([]), "{paid:#}");
    }
    Placed { shop: at, id, name, is_paid: wish.is_paid }
}

/// The order's id and name; none when something was sold out.
async fn buy(client: &mut Client, shop: &Shop, key: &str, wish: Wish) -> Option<(String, String)> {
    let cart = loop {
        // What has become of a cart that was not answered is not to be known: another is made.
        match fill_cart(client, shop, wish).await {
            Ok(cart) => break cart,
            Err(Unanswered) => pause().await,
        }
    };
    // The same request with the same key, until it is answered.
    let answer = client.until_answered(&shop.publishable, CHECKOUT, json!({ "id": cart }), Some(key)).await;
    let payload = &answer["checkoutComplete"];
    let text = |field: &str| payload["order"][field].as_str().map(str::to_owned);
    if let (Some(id), Some(name)) = (text("id"), text("name")) {
        return Some((id, name));
    }
    assert_eq!(payload["userErrors"][0]["code"], "NOT_ENOUGH_STOCK", "{answer:#}");
    None
}

async fn fill_cart(client: &mut Client, shop: &Shop, wish: Wish) -> Result<String, Unanswered> {
    let mut lines = vec![json!({ "merchandiseId": shop.mug, "quantity": wish.mugs })];
    if wish.has_lamp {
        lines.push(json!({ "merchandiseId": shop.lamp, "quantity": 1 }));
    }
    let input = json!({ "lines": lines, "buyerIdentity": { "email": "ada@example.com", "countryCode": "DE" } });
    let cart = changed(client, shop, "cartCreate", CART, json!({ "input": input })).await?;
    let id = text(&cart, "/id");
    let address = json!({ "firstName": "Ada", "lastName": "Byron", "address1": "Am Markt 1", "zip": "07743",
        "city": "Jena", "countryCode": "DE" });
    let addresses = json!([{ "address": { "deliveryAddress": address }, "selected": true }]);
    let variables = json!({ "id": id, "addresses": addresses });
    let cart = changed(client, shop, "cartDeliveryAddressesAdd", ADDRESS, variables).await?;
    let group = text(&cart, "/deliveryGroups/nodes/0/id");
    let option = text(&cart, "/deliveryGroups/nodes/0/deliveryOptions/0/handle");
    let options = json!([{ "deliveryGroupId": group, "deliveryOptionHandle": option }]);
    let variables = json!({ "id": id, "options": options });
    changed(client, shop, "cartSelectedDeliveryOptionsUpdate", OPTION, variables).await?;
    Ok(id)
}

/// The cart as a mutation has left it.
async fn changed(
    client: &mut Client,
    shop: &Shop,
    field: &str,
    query: &str,
    variables: Value,
) -> Result<Value, Unanswered> {
    let mut answer = client.ask(&shop.publishable, query, &variables, None).await?;
    assert_eq!(answer[field]["userErrors"], json!([]), "{answer:#}");
    Ok(answer[field]["cart"].take())
}

fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer} in {value:#}")).to_owned()
}
