//! The customers' statements.

mod addresses;
mod customers;
mod letters;
mod page;
mod signups;
mod tokens;

pub use addresses::{addresses_of, delete_address, delete_addresses, insert_address, update_address};
pub use customers::{
    EMAIL_TAKEN, by_email, by_ids, by_token, delete_customer, insert_customer, lock, lock_by_token,
    password_hash_by_id, password_hash_of, rehash, set_password, update_customer,
};
pub use letters::{LetterKind, NewLetter, drop_letters, forget_letters, put_letter, take_letter, waiting_letter};
pub use page::customers_page;
pub use signups::{NewSignup, forget_signups, put_signup, take_signup, waiting_signup};
pub use tokens::{delete_token, delete_tokens_of, forget_tokens, insert_token, keep_newest, renew_token};
