//! Amounts: Stripe counts a few currencies otherwise than by their minor units
//! (https://docs.stripe.com/currencies#special-cases).

use crate::money::Currency;

/// The most that is charged at once, as Stripe counts: eight digits. What is above waits for the next month.
const MOST: i64 = 99_999_900;
/// Without minor units, and counted in hundredths all the same.
const HUNDREDTHS: [&str; 2] = ["ISK", "UGX"];
/// With minor units that nobody uses: counted whole.
const WHOLE: [&str; 1] = ["MGA"];

/// Charged by Stripe, and missing among async-stripe's names.
const THOUSANDTHS: [&str; 5] = ["BHD", "JOD", "KWD", "OMR", "TND"];

/// The least amounts that are charged by themselves, in minor units
/// (https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts). Of other currencies none is known here: Stripe
/// puts what is too little onto the customer's balance, which goes with the next invoice.
const LEAST: [(&str, i64); 24] = [
    ("AED", 200),
    ("AUD", 50),
    ("BGN", 100),
    ("BRL", 50),
    ("CAD", 50),
    ("CHF", 50),
    ("CZK", 1500),
    ("DKK", 250),
    ("EUR", 50),
    ("GBP", 30),
    ("HKD", 400),
    ("HUF", 17_500),
    ("INR", 50),
    ("JPY", 50),
    ("MXN", 1000),
    ("MYR", 200),
    ("NOK", 300),
    ("NZD", 50),
    ("PLN", 200),
    ("RON", 200),
    ("SEK", 300),
    ("SGD", 50),
    ("THB", 1000),
    ("USD", 50),
];

/// The least that is charged by itself, in minor units.
pub fn least(currency: Currency) -> i64 {
    LEAST.iter().find(|(code, _)| *code == currency.code()).map_or(1, |(_, least)| *least)
}

/// What Stripe calls a currency.
pub fn currency_of(currency: Currency) -> stripe_types::Currency {
    let Ok(named) = currency.code().to_lowercase().parse::<stripe_types::Currency>();
    named
}

/// As much of an amount as Stripe can take, in minor units; nothing of a currency that it does not know.
pub fn chargeable(currency: Currency, minor: i64) -> i64 {
    let is_named = !matches!(currency_of(currency), stripe_types::Currency::Unknown(_));
    if !is_named && !THOUSANDTHS.contains(&currency.code()) {
        return 0;
    }
    let (step, most) = match currency.exponent() {
        0 if HUNDREDTHS.contains(&currency.code()) => (1, MOST / 100),
        2 if WHOLE.contains(&currency.code()) => (100, MOST),
        3 => (10, MOST),
        _ => (1, MOST),
    };
    let most = minor.min(most);
    let whole = most - most.rem_euclid(step);
    if to_stripe(currency, whole).is_some() { whole } else { 0 }
}

/// What Stripe calls an amount; none: Stripe cannot take it.
pub fn to_stripe(currency: Currency, minor: i64) -> Option<i64> {
    let code = currency.code();
    match currency.exponent() {
        0 if HUNDREDTHS.contains(&code) => minor.checked_mul(100),
        2 if WHOLE.contains(&code) => (minor % 100 == 0).then_some(minor / 100),
        // Of three digits the last is not charged.
        3 => (minor % 10 == 0).then_some(minor),
        0 | 2 => Some(minor),
        _ => None,
    }
}

/// What an amount of Stripe's is; none: it is no whole number of minor units.
pub fn from_stripe(currency: Currency, amount: i64) -> Option<i64> {
    let code = currency.code();
    match currency.exponent() {
        0 if HUNDREDTHS.contains(&code) => (amount % 100 == 0).then_some(amount / 100),
        2 if WHOLE.contains(&code) => amount.checked_mul(100),
        0 | 2 | 3 => Some(amount),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_counted_as_stripe_counts_them_and_back() {
        for (currency, minor, amount) in [
            (Currency::EUR, 2900, Some(2900)),
            (Currency::JPY, 2900, Some(2900)),
            (Currency::ISK, 2900, Some(290_000)),
            (Currency::UGX, 5, Some(500)),
            (Currency::MGA, 500, Some(5)),
            (Currency::MGA, 501, None),
            (Currency::KWD, 5120, Some(5120)),
            (Currency::KWD, 5124, None),
            (Currency::ISK, i64::MAX, None),
        ] {
            assert_eq!(to_stripe(currency, minor), amount, "{}", currency.code());
            if let Some(amount) = amount {
                assert_eq!(from_stripe(currency, amount), Some(minor), "{}", currency.code());
            }
        }
        assert_eq!(from_stripe(Currency::ISK, 150), None);
    }

    #[test]
    fn of_an_amount_as_much_is_charged_as_can_be() {
        for (currency, minor, whole) in [
            (Currency::EUR, 2901, 2901),
            (Currency::KWD, 5124, 5120),
            (Currency::KWD, 9, 0),
            (Currency::MGA, 599, 500),
            (Currency::ISK, 7, 7),
            (Currency::EUR, i64::MAX, 99_999_900),
            (Currency::UGX, i64::MAX, 999_999),
            (Currency::KWD, i64::MAX, 99_999_900),
            (Currency::MGA, i64::MAX, 99_999_900),
        ] {
            assert_eq!(chargeable(currency, minor), whole, "{}", currency.code());
            let amount = to_stripe(currency, whole).expect("an amount");
            assert!((0..=99_999_999).contains(&amount), "{} {amount}", currency.code());
        }
        let rial = Currency::from_code("IRR").expect("a currency");
        assert_eq!(chargeable(rial, 5_000), 0, "nobody can pay in it at Stripe");
        assert_eq!((least(Currency::EUR), least(Currency::HUF), least(Currency::ISK)), (50, 17_500, 1));
    }
}
