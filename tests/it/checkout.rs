//! From cart to order: once or not at all, whatever happens on the way.

use std::collections::HashSet;

use chrono::TimeDelta;
use emporia::cart::model::MAX_TOTAL;
use emporia::checkout::rule::CheckoutRule;
use emporia::checkout::service::complete;
use emporia::db::idempotency::Refused;
use emporia::error::ServiceError;
use emporia::ids::GidNamespace;
use emporia::money::Currency;
use emporia::worker;
use futures_util::future::{join, join_all};
use serde_json::json;

use crate::support::{Shopping, dropped_after, polled, settled, variant};

const MANY: &[(&str, &str)] = &[("DATABASE_POOL_SIZE", "8"), ("DATABASE_ACQUIRE_TIMEOUT_MS", "120000")];

fn rules<T>(result: Result<T, ServiceError<Vec<CheckoutRule>>>) -> Vec<CheckoutRule> {
    match result {
        Err(ServiceError::Rule(rules)) => rules,
        Err(ServiceError::Fault(fault)) => panic!("{fault}"),
        Ok(_) => panic!("it went through"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_buyers_of_the_last_ten_make_ten_orders_without_a_gap() {
    let shop = Shopping::with(MANY).await;
    shop.on_sale(1, 1000, 10).await;
    let carts = join_all((0..200).map(|_| shop.cart(&[(1, 1)]))).await;
    let bought = join_all(carts.iter().map(async |cart| {
        let gateway = if cart.id.as_u128() % 2 == 0 { "manual" } else { "bogus" };
        shop.complete(&shop.wish(cart, gateway, None, "1")).await.expect("a free key")
    }))
    .await;
    let (orders, refused): (Vec<_>, Vec<_>) = bought.into_iter().partition(Result::is_ok);
    assert_eq!((orders.len(), shop.stock(1).await), (10, 0));
    assert_eq!(shop.numbers().await, (1001..=1010).collect::<Vec<_>>());
    for refused in refused {
        assert!(matches!(rules(refused)[..], [CheckoutRule::NotEnoughStock { .. }]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn carts_with_the_same_things_in_opposite_order_do_not_wait_in_a_circle() {
    let shop = Shopping::with(MANY).await;
    shop.on_sale(1, 1000, 100).await;
    shop.on_sale(2, 500, 100).await;
    let orders = [[(1, 1), (2, 1)], [(2, 1), (1, 1)]];
    let carts = join_all((0..40).map(|n| shop.cart(&orders[n % 2]))).await;
    let bought = join_all(carts.iter().map(|cart| shop.buy(cart))).await;
    assert_eq!(bought.len(), 40);
    assert_eq!((shop.stock(1).await, shop.stock(2).await), (60, 60));
    assert_eq!(shop.numbers().await, (1001..=1040).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_key_sent_a_hundred_times_at_once_makes_one_order_and_equal_answers() {
    for gateway in ["manual", "bogus"] {
        let shop = Shopping::with(MANY).await;
        shop.on_sale(1, 1000, 10).await;
        let cart = shop.cart(&[(1, 2)]).await;
        let wish = shop.wish(&cart, gateway, None, "1");
        let answers = join_all((0..100).map(|_| shop.complete(&wish))).await;
        let ids: HashSet<_> =
            answers.into_iter().map(|answer| answer.expect("the same key").expect("an order")).collect();
        assert_eq!(ids.len(), 1, "{gateway}");
        assert_eq!((shop.stock(1).await, shop.numbers().await), (8, vec![1001]), "{gateway}");
    }
}

#[tokio::test]
async fn a_key_stands_for_one_input_and_a_cart_for_one_order() {
    let shop = Shopping::new().await;
    shop.on_sale(1, 1000, 10).await;
    let cart = shop.cart(&[(1, 1)]).await;
    let order = shop.buy(&cart).await;
    let other_input = shop.complete(&shop.wish(&cart, "bogus", None, "1")).await;
    assert_eq!(other_input.expect_err("a conflict"), Refused::OtherInput);
    let other_key = shop.complete(&shop.wish(&cart, "manual", None, "2")).await.expect("a free key");
    assert_eq!(rules(other_key), [CheckoutRule::AlreadyCompleted]);
    assert_eq!(shop.buy(&cart).await, order, "the first key still answers");
    shop.app.clock.advance(TimeDelta::hours(25));
    let later = shop.complete(&shop.wish(&cart, "manual", None, "1")).await.expect("a free key");
    assert_eq!(rules(later), [CheckoutRule::AlreadyCompleted], "the key is forgotten, the order is not");
}

/// Polls a request that is to be refused for stock so many times; then the stock returns, and the same request comes
/// again while the first goes on. Whatever is answered afterwards agrees with whether there is an order.
#[tokio::test]
async fn a_refusal_is_never_kept_over_an_order() {
    let shop = Shopping::new().await;
    let (mut finished, mut ordered) = (false, 0);
    for polls in 1.. {
        if finished {
            break;
        }
        let number = polls as u128;
        shop.on_sale(number, 1000, 1).await;
        let (cart, other) = (shop.cart(&[(number, 1)]).await, shop.cart(&[(number, 1)]).await);
        let taken = shop.buy(&other).await;
        let (till, wish) = (shop.till(), shop.wish(&cart, "manual", None, "1"));
        let mut first = Box::pin(complete(&till, &wish));
        finished = polled(polls, first.as_mut()).await;
        if !finished {
            shop.cancel(taken).await;
            let (_, second) = join(first, complete(&till, &wish)).await;
            let told = complete(&till, &wish).await.expect("the same key");
            let has_order = shop.is_completed(&cart).await;
            assert_eq!(told.is_ok(), has_order, "after {polls} poll(s)");
            ordered += usize::from(second.expect("the same key").is_ok());
        }
    }
    assert!(ordered > 0, "the second request never got through: nothing was tried");
}

#[tokio::test]
async fn what_was_withdrawn_is_taken_out_of_the_cart_and_the_rest_can_be_bought() {
    let shop = Shopping::new().await;
    shop.on_sale(1, 1000, 10).await;
    shop.on_sale(2, 500, 10).await;
    let (cart, only) = (shop.cart(&[(1, 1), (2, 1)]).await, shop.cart(&[(1, 1)]).await);
    shop.withdraw(1).await;
    for (cart, key, expected) in [
        (&cart, "1", CheckoutRule::MerchandiseGone),
        (&cart, "1", CheckoutRule::MerchandiseGone),
        (&only, "1", CheckoutRule::MerchandiseGone),
        (&only, "2", CheckoutRule::CartEmpty),
    ] {
        let refused = shop.complete(&shop.wish(cart, "manual", None, key)).await.expect("a free key");
        assert_eq!(rules(refused), [expected]);
    }
    let bought = shop.complete(&shop.wish(&cart, "manual", None, "2")).await.expect("a free key");
    bought.expect("an order of what is left");
    assert_eq!((shop.stock(1).await, shop.stock(2).await), (10, 9));
}

#[tokio::test]
async fn a_variant_that_is_deleted_while_it_is_bought_is_one_that_is_gone() {
    let shop = Shopping::new().await;
    shop.on_sale(1, 1000, 10).await;
    let cart = shop.cart(&[(1, 1)]).await;
    let deleting = shop.begin_deleting(1).await;
    let (till, wish) = (shop.till(), shop.wish(&cart, "manual", None, "1"));
    let buying = tokio::spawn(async move { complete(&till, &wish).await });
    deleting.finish_when_waited_for().await;
    let answer = buying.await.expect("a task").expect("a free key");
    assert_eq!(rules(answer), [CheckoutRule::MerchandiseGone]);
}

#[tokio::test]
async fn each_tenants_numbers_start_at_1001() {
    let shop = Shopping::new().await;
    shop.on_sale(1, 1000, 10).await;
    for _ in 0..2 {
        shop.buy(&shop.cart(&[(1, 1)]).await).await;
    }
    let other = shop.beside("other").await;
    other.on_sale(1, 1000, 10).await;
    other.buy(&other.cart(&[(1, 1)]).await).await;
    assert_eq!((shop.numbers().await, other.numbers().await), (vec![1001, 1002], vec![1001]));
}

#[tokio::test]
async fn expired_keys_are_swept_away_whatever_else_happens() {
    let shop = Shopping::new().await;
    shop.on_sale(1, 1000, 10).await;
    let (cart, later) = (shop.cart(&[(1, 1)]).await, shop.cart(&[(1, 1)]).await);
    shop.buy(&cart).await;
    shop.app.clock.advance(TimeDelta::hours(23));
    shop.buy(&later).await;
    worker::sweep(&shop.app.app).await.expect("a sweep");
    assert_eq!(shop.keys().await, 2);
    shop.app.clock.advance(TimeDelta::hours(2));
    worker::sweep(&shop.app.app).await.expect("a sweep");
    assert_eq!(shop.keys().await, 1, "the later one");
}

#[tokio::test]
async fn who_is_declined_too_often_is_not_charged_for_an_hour() {
    let shop = Shopping::new().await;
    shop.on_sale(1, 1000, 10).await;
    let (cart, other) = (shop.cart(&[(1, 3)]).await, shop.cart(&[(1, 1)]).await);
    let message = async |token: &str, key: &str| {
        let answer = shop.complete(&shop.wish(&cart, "bogus", Some(token), key)).await.expect("a key");
        match &rules(answer)[..] {
            [CheckoutRule::PaymentDeclined { message }] => message.clone(),
            other => panic!("{other:?}"),
        }
    };
    let declined = message("decline", "0").await;
    for key in 1..10 {
        assert_eq!(message("decline", &key.to_string()).await, declined);
    }
    assert!(message("approve", "10").await.starts_with("Too many payments have been declined"));
    assert_eq!(shop.stock(1).await, 10, "nothing stays reserved");
    assert_eq!(message("decline", "0").await, declined, "what is there under a key is answered as ever");
    shop.complete(&shop.wish(&other, "bogus", Some("approve"), "other")).await.expect("a key").expect("another cart's");
    shop.app.clock.advance(TimeDelta::hours(1));
    assert!(message("approve", "10").await.starts_with("Too many"), "that key's outcome stays");
    shop.complete(&shop.wish(&cart, "bogus", Some("approve"), "11")).await.expect("a key").expect("an order");
    assert_eq!(shop.stock(1).await, 6);
}

#[tokio::test]
async fn a_declined_payment_leaves_stock_and_cart_as_they_were() {
    let shop = Shopping::new().await;
    shop.on_sale(1, 1000, 10).await;
    let cart = shop.cart(&[(1, 3)]).await;
    let declined = shop.wish(&cart, "bogus", Some("decline"), "1");
    for _ in 0..2 {
        let answer = shop.complete(&declined).await.expect("the same key");
        assert!(matches!(rules(answer)[..], [CheckoutRule::PaymentDeclined { .. }]));
        assert_eq!((shop.stock(1).await, shop.attempts("DECLINED").await), (10, 1), "asked once");
    }
    let approved = shop.wish(&cart, "bogus", Some("approve"), "2");
    shop.complete(&approved).await.expect("a free key").expect("an order");
    assert_eq!((shop.stock(1).await, shop.numbers().await), (7, vec![1001]));
}

#[tokio::test]
async fn a_silent_gateway_leaves_the_reservation_and_the_job_settles_it() {
    for (token, sold) in [("timeout-then-approved", true), ("timeout-then-declined", false), ("timeout", false)] {
        let shop = Shopping::new().await;
        shop.on_sale(1, 1000, 10).await;
        let cart = shop.cart(&[(1, 3)]).await;
        let wish = shop.wish(&cart, "bogus", Some(token), "1");
        let answer = shop.complete(&wish).await.expect("a free key");
        assert_eq!(rules(answer), [CheckoutRule::PaymentPending], "{token}");
        assert_eq!((shop.stock(1).await, shop.attempts("UNKNOWN").await), (7, 1), "{token}");
        let impatient = shop.complete(&shop.wish(&cart, "manual", None, "2")).await.expect("a free key");
        assert_eq!(rules(impatient), [CheckoutRule::PaymentInProgress], "{token}");
        shop.run_job().await;
        assert_eq!(shop.attempts("UNKNOWN").await, 1, "{token}: not yet due");
        shop.app.clock.advance(TimeDelta::seconds(11));
        shop.run_job().await;
        shop.run_job().await;
        let left = if sold { 7 } else { 10 };
        assert_eq!((shop.stock(1).await, shop.numbers().await.len()), (left, usize::from(sold)), "{token}");
        // The key answers what the job found out.
        match shop.complete(&wish).await.expect("the same key") {
            Ok(_) => assert!(sold, "{token}"),
            refused => assert!(!sold && matches!(rules(refused)[..], [CheckoutRule::PaymentDeclined { .. }])),
        }
    }
}

#[tokio::test]
async fn the_job_asks_a_gateway_that_stays_silent_again_ever_later() {
    let shop = Shopping::new().await;
    shop.on_sale(1, 1000, 10).await;
    let cart = shop.cart(&[(1, 3)]).await;
    let answer = shop.complete(&shop.wish(&cart, "bogus", Some("down"), "1")).await.expect("a free key");
    assert_eq!(rules(answer), [CheckoutRule::PaymentPending]);
    for _ in 0..5 {
        shop.app.clock.advance(TimeDelta::hours(2));
        shop.run_job().await;
        assert_eq!((shop.stock(1).await, shop.attempts("UNKNOWN").await), (7, 1));
    }
}

/// Drops the checkout after one poll, two polls, …; after each drop the job runs, and afterwards the client tries
/// again: the order is there once, or never where the gateway declines, and stock, orders and attempts agree at every
/// step.
async fn crash_at_every_await(gateway: &str, token: Option<&str>) {
    let shop = Shopping::new().await;
    shop.on_sale(1, 1000, 1000).await;
    for polls in 1..300 {
        let cart = shop.cart(&[(1, 3)]).await;
        let wish = shop.wish(&cart, gateway, token, "1");
        let till = shop.till();
        let before = shop.numbers().await.len();
        let finished = dropped_after(polls, complete(&till, &wish)).await;
        settled(&shop.app.db.name).await;
        shop.app.clock.advance(TimeDelta::minutes(3));
        shop.run_job().await;
        let orders = shop.numbers().await;
        assert!(orders.len() <= before + 1, "after {polls} poll(s)");
        assert_eq!(shop.stock(1).await, 1000 - 3 * i32::try_from(orders.len()).expect("few"), "after {polls} poll(s)");
        assert_eq!(shop.attempts("OPEN").await + shop.attempts("UNKNOWN").await, 0, "after {polls} poll(s)");
        // The client's second try is answered with the order, or says that the payment was not completed.
        let again = shop.complete(&wish).await.expect("the same key");
        let ordered = again.is_ok();
        assert!(!ordered || token != Some("decline"), "after {polls} poll(s)");
        if let Err(ServiceError::Rule(rules)) = &again {
            assert!(matches!(rules[..], [CheckoutRule::PaymentDeclined { .. }]), "{rules:?}");
        }
        let orders = shop.numbers().await;
        assert_eq!(orders.len(), before + usize::from(ordered), "after {polls} poll(s)");
        assert_eq!(orders, (1001..).take(orders.len()).collect::<Vec<_>>(), "no gap");
        if finished {
            assert!(polls > 5, "finished at poll {polls}: too few awaits to drop at");
            return;
        }
    }
    panic!("the checkout never finished");
}

#[tokio::test]
async fn a_crash_at_any_await_leaves_the_order_once_or_not_at_all_when_paid_later() {
    crash_at_every_await("manual", None).await;
}

#[tokio::test]
async fn a_crash_at_any_await_leaves_the_order_once_or_not_at_all_when_paid_at_once() {
    crash_at_every_await("bogus", None).await;
}

#[tokio::test]
async fn a_crash_at_any_await_leaves_stock_and_cart_as_they_were_when_declined() {
    crash_at_every_await("bogus", Some("decline")).await;
}

#[tokio::test]
async fn amounts_are_exact_with_and_without_places_behind_the_point() {
    for (currency, expected) in [
        (Currency::JPY, ["1234567", "3703701", "490", "3704191"]),
        (Currency::BHD, ["1234.567", "3703.701", "0.490", "3704.191"]),
    ] {
        let shop = Shopping::in_currency(currency).await;
        shop.on_sale(1, 1_234_567, 10).await;
        let cart = shop.cart(&[(1, 3)]).await.gid(GidNamespace::Emporia);
        let read = "query($cart: ID!) { cart(id: $cart) { cost { totalAmount { amount currencyCode } } } }";
        let shown = shop.app.gql(&shop.store.publishable, read, json!({ "cart": cart })).await;
        let total = &shown["cart"]["cost"]["totalAmount"];
        assert_eq!(*total, json!({ "amount": expected[3], "currencyCode": currency.code() }));
        let buy = "mutation($cart: ID!, $total: MoneyInput!) { checkoutComplete(cartId: $cart,
            payment: { gateway: \"bogus\", expectedTotal: $total }) @idempotent(key: \"k\") { userErrors { code } order {
                lineItems(first: 1) { nodes { originalUnitPriceSet { shopMoney { amount } } } }
                subtotalPriceSet { shopMoney { amount } } totalPriceSet { shopMoney { amount currencyCode } }
                shippingLine { originalPriceSet { shopMoney { amount } } } } } }";
        let bought = shop.app.gql(&shop.store.publishable, buy, json!({ "cart": cart, "total": total })).await;
        let order = &bought["checkoutComplete"]["order"];
        let sold = &order["lineItems"]["nodes"][0]["originalUnitPriceSet"];
        let sets =
            [sold, &order["subtotalPriceSet"], &order["shippingLine"]["originalPriceSet"], &order["totalPriceSet"]];
        assert_eq!(
            sets.map(|set| set["shopMoney"]["amount"].clone()),
            expected.map(|amount| json!(amount)),
            "{bought}"
        );
        assert_eq!(order["totalPriceSet"]["shopMoney"], *total);
        assert_eq!(shop.charged().await, [(3_704_191, currency.code().to_owned())]);
    }
}

#[tokio::test]
async fn a_storefront_is_charged_what_it_expects_or_nothing() {
    let shop = Shopping::new().await;
    shop.on_sale(1, 1000, 10).await;
    let cart = shop.cart(&[(1, 2)]).await.gid(GidNamespace::Emporia);
    let buy =
        "mutation($cart: ID!, $total: MoneyInput!) { checkoutComplete(cartId: $cart, payment: { gateway: \"bogus\",
        expectedTotal: $total }) @idempotent(key: \"k\") { order { name } userErrors { code field } } }";
    let ask = async |amount: &str, currency: &str| {
        let variables = json!({ "cart": cart, "total": { "amount": amount, "currencyCode": currency } });
        shop.app.post_json(&shop.store.publishable, &json!({ "query": buy, "variables": variables }), &[]).await
    };
    let refused =
        json!({ "order": null, "userErrors": [{ "code": "TOTAL_CHANGED", "field": ["payment", "expectedTotal"] }] });
    assert_eq!(ask("24.91", "EUR").await.json()["data"]["checkoutComplete"], refused);
    assert_eq!((shop.stock(1).await, shop.charged().await), (10, Vec::new()), "nothing was reserved or charged");
    for (amount, currency) in [("24.90", "USD"), ("24.901", "EUR"), ("much", "EUR")] {
        assert_eq!(ask(amount, currency).await.code(), "BAD_USER_INPUT", "{amount} {currency}");
    }
    // The refusal was not kept under the key: what has changed may change back.
    assert_eq!(ask("24.9", "EUR").await.json()["data"]["checkoutComplete"]["order"]["name"], "#1001");
}

#[tokio::test]
async fn a_total_beyond_what_can_be_sold_at_once_is_refused() {
    let shop = Shopping::new().await;
    shop.on_sale(1, MAX_TOTAL / 1000, 1000).await;
    // As much as a cart may hold: with its delivery it is too much.
    let cart = shop.cart(&[(1, 1000)]).await;
    let refused = shop.complete(&shop.wish(&cart, "manual", None, "1")).await.expect("a free key");
    assert_eq!(rules(refused), [CheckoutRule::TotalTooHigh]);
    let less = shop.cart(&[(1, 999)]).await;
    shop.complete(&shop.wish(&less, "manual", None, "1")).await.expect("a free key").expect("an order");
}

#[tokio::test]
async fn a_token_that_is_too_long_reaches_no_gateway() {
    let shop = Shopping::new().await;
    shop.on_sale(1, 1000, 10).await;
    let cart = shop.cart(&[(1, 1)]).await;
    let pay =
        async |token: &str| shop.complete(&shop.wish(&cart, "bogus", Some(token), "1")).await.expect("a free key");
    assert_eq!(rules(pay(&"x".repeat(4097)).await), [CheckoutRule::TokenTooLong]);
    assert_eq!((shop.charged().await, shop.keys().await), (Vec::new(), 0));
    assert!(matches!(rules(pay(&"x".repeat(4096)).await)[..], [CheckoutRule::PaymentDeclined { .. }]), "it was asked");
}

#[tokio::test]
async fn what_one_location_owes_does_not_bind_what_another_has() {
    let shop = Shopping::new().await;
    shop.on_sale(1, 1000, 5).await;
    shop.owe_elsewhere(1, 3).await;
    let query = "query($cart: ID!, $variant: ID!) { cart(id: $cart) { totalQuantity }
        node(id: $variant) { ... on ProductVariant { quantityAvailable } } }";
    // Looked up once when a line is made, and once when it is there already.
    let (cart, fewer) = (shop.cart(&[(1, 5)]).await, shop.cart(&[(1, 1)]).await);
    let lines = "query($cart: ID!) { cart(id: $cart) { lines(first: 1) { nodes { id } } } }";
    let update = "mutation($cart: ID!, $line: ID!) { cartLinesUpdate(cartId: $cart,
        lines: [{ id: $line, quantity: 5 }]) { cart { totalQuantity } warnings { code } } }";
    let fewer = fewer.gid(GidNamespace::Emporia);
    let read = shop.app.gql(&shop.store.publishable, lines, json!({ "cart": fewer })).await;
    let line = &read["cart"]["lines"]["nodes"][0]["id"];
    let updated = shop.app.gql(&shop.store.publishable, update, json!({ "cart": fewer, "line": line })).await;
    assert_eq!(updated["cartLinesUpdate"], json!({ "cart": { "totalQuantity": 5 }, "warnings": [] }));
    let variant = GidNamespace::Emporia.encode("ProductVariant", variant(1));
    let variables = json!({ "cart": cart.gid(GidNamespace::Emporia), "variant": variant });
    let read = shop.app.gql(&shop.store.publishable, query, variables).await;
    assert_eq!(read, json!({ "cart": { "totalQuantity": 5 }, "node": { "quantityAvailable": 5 } }));
    shop.buy(&cart).await;
    assert_eq!(shop.stock_by_location(1).await, [-3, 0]);
    let late = shop.cart(&[(1, 1)]).await;
    let refused = shop.complete(&shop.wish(&late, "manual", None, "1")).await.expect("a free key");
    assert_eq!(rules(refused), [CheckoutRule::CartEmpty], "nothing was free to be put into it");
}
