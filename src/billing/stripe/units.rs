//! Amounts: Stripe counts a few currencies otherwise than by their minor units
//! (https://docs.stripe.com/currencies#special-cases).

use crate::money::Currency;

/// Without minor units, and counted in hundredths all the same.
const HUNDREDTHS: [&str; 2] = ["ISK", "UGX"];
/// With minor units that nobody uses: counted whole.
const WHOLE: [&str; 1] = ["MGA"];

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
}
