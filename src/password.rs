//! What people choose as a secret: kept as argon2id, which makes every guess dear, and so every check.
//!
//! A check takes 19 MiB and tens of milliseconds of a processor. So it runs beside the threads that answer requests, a
//! few at once; a few more wait for their turn, and whoever comes then is told to come back. Those who wait are counted
//! by shop, and staff apart from customers: guesses at one shop's door keep neither its staff nor other shops out. Nobody
//! learns by the time whether an account exists: without one, a password is checked against a hash that nobody has.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::available_parallelism;

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization;

use crate::clock::Entropy;
use crate::error::Fault;
use crate::ids::TenantId;
use crate::places::Places;

/// OWASP's Password Storage Cheat Sheet, argon2id: KiB of memory, passes over it, lanes.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Those of a kind who may have a turn or wait for one, for each turn that there is.
const PLACES: usize = 16;

/// Characters of a password; NIST SP 800-63B asks for at least 8, and for no rule of what they are.
pub const MIN_CHARS: usize = 8;
pub const MAX_CHARS: usize = 128;

/// Whose password it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// One of a shop's staff.
    Staff(TenantId),
    /// A shop's customer.
    Customer(TenantId),
}

/// What a password came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    No,
    /// Right. Stale: hashed with other parameters than today's, so to be hashed anew while it is known.
    Yes {
        stale: bool,
    },
}

/// Why there is no verdict.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PasswordError {
    #[error("too many passwords are being checked; try again in a second")]
    Busy,
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Hashes and checks passwords. One per process; cheap to clone.
#[derive(Clone)]
pub struct Passwords {
    argon2: Argon2<'static>,
    /// A hash of nobody's password.
    nobody: Arc<str>,
    turns: Arc<Semaphore>,
    staff: Places,
    customers: Places,
    computed: Arc<AtomicU64>,
}

impl Passwords {
    /// Half of the processors, and at least one, may be busy with passwords.
    pub fn new(entropy: &Entropy) -> Self {
        let at_once = available_parallelism().map_or(1, |all| (all.get() / 2).max(1));
        let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("OWASP's parameters");
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        // Its salt and its hash are random: no password leads there.
        let [salt, made_up]: [String; 2] =
            [STANDARD_NO_PAD.encode(entropy.bytes::<16>()), STANDARD_NO_PAD.encode(entropy.bytes::<32>())];
        let nobody = format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${salt}${made_up}");
        Self {
            argon2,
            nobody: nobody.into(),
            turns: Arc::new(Semaphore::new(at_once)),
            staff: Places::new(at_once * PLACES),
            customers: Places::new(at_once * PLACES),
            computed: Arc::default(),
        }
    }

    /// The PHC string under which a password is stored.
    pub async fn hash(&self, whose: Whose, password: &str, entropy: &Entropy) -> Result<String, PasswordError> {
        let (password, salt, argon2) = (normal(password), entropy.bytes(), self.argon2.clone());
        self.in_turn(whose, move || hash(&argon2, &password, salt)).await?
    }

    /// Whether it is the password that is stored; of no account, no, after the same time.
    pub async fn verify(&self, whose: Whose, password: &str, stored: Option<&str>) -> Result<Verdict, PasswordError> {
        let (password, argon2) = (normal(password), self.argon2.clone());
        let (is_there, stored) = (stored.is_some(), stored.unwrap_or(&self.nobody).to_owned());
        let verdict = self.in_turn(whose, move || verify(&argon2, &password, &stored)).await??;
        Ok(if is_there { verdict } else { Verdict::No })
    }

    /// How often this process has computed a hash, to keep it or to check a password. Where somebody might learn by the time
    /// who there is, it is this that must be the same.
    pub fn computed(&self) -> u64 {
        AtomicU64::load(&self.computed, Ordering::Relaxed)
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        whose: Whose,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        let place = match whose {
            Whose::Staff(tenant) => self.staff.take(tenant),
            Whose::Customer(tenant) => self.customers.take(tenant),
        };
        let place = place.ok_or(PasswordError::Busy)?;
        let turn = self.turns.clone().acquire_owned().await.expect("it is never closed");
        AtomicU64::fetch_add(&self.computed, 1, Ordering::Relaxed);
        // It goes on when the caller has gone, and so keeps its turn until then.
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop((turn, place));
            done
        });
        done.await.map_err(|error| Fault::internal(format!("a password could not be looked at: {error}")).into())
    }
}

/// Whether it is long enough, and not too long.
pub fn is_admissible(password: &str) -> bool {
    (MIN_CHARS..=MAX_CHARS).contains(&password.chars().count()) && password.len() <= 4 * MAX_CHARS
}

/// The same password, however a keyboard composes its letters.
fn normal(password: &str) -> String {
    // Nobody's is longer; what is cut off here is refused anyway, and does not cost more than others for that.
    password.chars().take(MAX_CHARS + 1).nfkc().collect()
}

fn hash(argon2: &Argon2<'_>, password: &str, salt: [u8; 16]) -> Result<String, PasswordError> {
    let hashed = SaltString::encode_b64(&salt)
        .and_then(|salt| Ok(argon2.hash_password(password.as_bytes(), &salt)?.to_string()));
    hashed.map_err(|error| Fault::internal(format!("a password could not be hashed: {error}")).into())
}

fn verify(argon2: &Argon2<'_>, password: &str, stored: &str) -> Result<Verdict, PasswordError> {
    let broken = |error| Fault::internal(format!("a stored password cannot be read: {error}"));
    let stored = PasswordHash::new(stored).map_err(broken)?;
    let stored_with = Params::try_from(&stored).map_err(broken)?;
    match argon2.verify_password(password.as_bytes(), &stored) {
        Ok(()) => {
            let ours = argon2.params();
            let is_same = stored.algorithm == Algorithm::Argon2id.ident()
                && (stored_with.m_cost(), stored_with.t_cost(), stored_with.p_cost())
                    == (ours.m_cost(), ours.t_cost(), ours.p_cost());
            Ok(Verdict::Yes { stale: !is_same })
        }
        Err(argon2::password_hash::Error::Password) => Ok(Verdict::No),
        Err(error) => Err(broken(error).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACME: TenantId = TenantId(uuid::Uuid::from_u128(1));
    const BOLT: TenantId = TenantId(uuid::Uuid::from_u128(2));
    const ADA: Whose = Whose::Staff(ACME);

    #[tokio::test]
    async fn a_password_is_recognised_and_no_other_is() {
        let entropy = Entropy::seeded(1);
        let passwords = Passwords::new(&entropy);
        let stored = passwords.hash(ADA, "Größe 12", &entropy).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert_ne!(stored, passwords.hash(ADA, "Größe 12", &entropy).await.unwrap(), "every hash has its own salt");
        for (password, verdict) in [
            ("Größe 12", Verdict::Yes { stale: false }),
            // The same letters, composed of two characters each.
            ("Gro\u{308}ße 12", Verdict::Yes { stale: false }),
            ("größe 12", Verdict::No),
            ("", Verdict::No),
        ] {
            assert_eq!(passwords.verify(ADA, password, Some(&stored)).await.unwrap(), verdict, "{password}");
            assert_eq!(passwords.verify(ADA, password, None).await.unwrap(), Verdict::No, "no account");
        }
        assert!(matches!(passwords.verify(ADA, "x", Some("bcrypt")).await, Err(PasswordError::Fault(_))));
    }

    #[tokio::test]
    async fn what_was_hashed_with_other_parameters_is_to_be_hashed_anew() {
        let entropy = Entropy::seeded(2);
        let weaker = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8, 1, 1, None).unwrap());
        let stored = hash(&weaker, "a password", entropy.bytes()).unwrap();
        let verdict = Passwords::new(&entropy).verify(ADA, "a password", Some(&stored)).await.unwrap();
        assert_eq!(verdict, Verdict::Yes { stale: true });
    }

    #[tokio::test]
    async fn who_finds_no_place_is_told_so() {
        let entropy = Entropy::seeded(3);
        let passwords = Passwords::new(&entropy);
        let asked = Whose::Customer(ACME);
        let taken: Vec<_> = std::iter::from_fn(|| passwords.customers.take(ACME)).collect();
        assert!(matches!(passwords.verify(asked, "x", None).await, Err(PasswordError::Busy)));
        for other in [Whose::Staff(ACME), Whose::Customer(BOLT)] {
            assert_eq!(passwords.verify(other, "x", None).await.unwrap(), Verdict::No, "{other:?} finds one");
        }
        drop(taken);
        assert_eq!(passwords.verify(asked, "x", None).await.unwrap(), Verdict::No);
    }

    #[test]
    fn a_password_has_a_length() {
        for (password, is_one) in [
            ("1234567".to_owned(), false),
            ("12345678".to_owned(), true),
            ("ö".repeat(MAX_CHARS), true),
            ("o".repeat(MAX_CHARS + 1), false),
        ] {
            assert_eq!(is_admissible(&password), is_one, "{password}");
        }
    }
}
