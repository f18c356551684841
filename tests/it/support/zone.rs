//! DNS as a test has it.

use std::collections::HashMap;
use std::sync::Mutex;

use async_trait::async_trait;
use emporia::domain::dns::{NoAnswer, TxtResolver};

use super::sessions;

/// TXT records by their names, and how often they were asked for.
#[derive(Default)]
pub struct Zone {
    database: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    records: HashMap<String, Vec<String>>,
    is_away: bool,
    questions: usize,
    open: i64,
}

impl Zone {
    /// Whose questions come from processes on this database.
    pub fn of(database: &str) -> Self {
        Self { database: database.to_owned(), ..Self::default() }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("no holder panics")
    }

    /// What the records of a name say from now on.
    pub fn set(&self, name: &str, records: &[&str]) {
        self.state().records.insert(name.to_owned(), records.iter().map(|text| (*text).to_owned()).collect());
    }

    /// Whether nothing is answered.
    pub fn is_away(&self, is_away: bool) {
        self.state().is_away = is_away;
    }

    /// How often it was asked.
    pub fn questions(&self) -> usize {
        self.state().questions
    }

    /// Transactions that were open in the database when it was asked, counted over all questions.
    pub fn open(&self) -> i64 {
        self.state().open
    }
}

#[async_trait]
impl TxtResolver for Zone {
    async fn txt(&self, name: &str) -> Result<Vec<String>, NoAnswer> {
        let open = sessions(&self.database, "state LIKE 'idle in transaction%'").await;
        let mut state = self.state();
        state.questions += 1;
        state.open += open;
        if state.is_away {
            return Err(NoAnswer("away".to_owned()));
        }
        Ok(state.records.get(name).cloned().unwrap_or_default())
    }
}
