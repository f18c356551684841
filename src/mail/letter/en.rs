//! English.

use super::Letter;
use super::words::Words;

pub fn words(letter: Letter) -> Words {
    let (subject, why, what, otherwise) = match letter {
        Letter::StaffInvitation => (
            "You are invited",
            "you are invited to work for {shop}.",
            Some("Choose a password for your account"),
            "It is good for a week and for one use. If you do not know the shop, do nothing.",
        ),
        Letter::StaffPasswordReset => (
            "Choose a password",
            "somebody, you perhaps, wants to choose a password for your account at {shop}.",
            Some("Choose a password"),
            "It is good for an hour and for one use. If it was not you, do nothing: your password stays as it is.",
        ),
        Letter::StaffEmailVerification => (
            "Confirm your email address",
            "please confirm that this is the email address of your account at {shop}.",
            Some("Confirm the address"),
            "It is good for a day. If you have no account there, do nothing.",
        ),
        Letter::CustomerAccountActivation => (
            "Confirm your email address",
            "somebody, we hope you, would like to open an account with this email address.",
            Some("Confirm the address and choose a password"),
            "The link is good for three days. If it was not you, there is nothing to do: no account is opened.",
        ),
        Letter::CustomerAccountExists => (
            "You have an account already",
            "somebody, we hope you, has tried to open an account with this email address, which has one. Sign in with it.",
            Some("If you have no password, or have forgotten it, choose a new one"),
            "The link is good for two hours. If it was not you, there is nothing to do: nothing has changed.",
        ),
        Letter::CustomerPasswordReset => (
            "Choose a new password",
            "somebody, we hope you, has asked for a new password for your account.",
            Some("Choose a new password"),
            "The link is good for two hours. If it was not you, there is nothing to do: your password stays as it is.",
        ),
        Letter::CustomerEmailVerification => (
            "Confirm your new email address",
            "somebody, we hope you, would like to have this email address for their account.",
            Some("Confirm the address with the password of the account"),
            "The link is good for three days. If it was not you, there is nothing to do: the account keeps its address.",
        ),
        Letter::CustomerPasswordChanged => (
            "Your password was changed",
            "the password of your account was changed, and all devices but one were signed out.",
            None,
            "If it was not you, choose a new password at once, by the way for those who have forgotten theirs.",
        ),
        Letter::CustomerEmailChangeRequested => (
            "Your account is to have another email address",
            "somebody, we hope you, would like your account to have another email address. It has this one until the other is confirmed.",
            None,
            "If it was not you, choose a new password at once: that signs all devices out.",
        ),
        Letter::CustomerEmailChanged => (
            "Your account has another email address",
            "we have given your account another email address, at your wish, we hope, and signed all devices out.",
            None,
            "If it was not your wish, please write to us.",
        ),
        Letter::TrialEnding => (
            "The trial is about to end",
            "the trial of {tried} ends on {day}; {shop} is on the plan {plan} from then on.",
            None,
            "If you would like another plan, please choose it by then. What is there stays in any case.",
        ),
        Letter::TrialEnded => (
            "The trial has ended",
            "the trial of {tried} has ended, and {shop} is on the plan {plan} now.",
            None,
            "What is there stays; where it is more than the plan has room for, nothing is added until there is less. You can choose another plan at any time.",
        ),
        Letter::PaymentFailed => (
            "A payment has failed",
            "the payment for the plan {plan} of {shop} has failed. It is tried again; until {until} everything goes on as before.",
            Some("Look at the invoice and pay it"),
            "From then on {shop} takes no orders until the payment is made. If a card has expired, give another one: in the settings, under billing.",
        ),
        Letter::PaymentMissing => (
            "No orders are taken",
            "the payment for the plan {plan} of {shop} is missing, and so {shop} takes no orders at the moment.",
            Some("Look at the invoice and pay it"),
            "Everything else is there as before, and once the payment is made, orders are taken again.",
        ),
    };
    Words { lang: "en", hello: "Hello", subject, why, what, otherwise }
}
