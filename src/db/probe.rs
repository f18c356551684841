//! Whether the database answers, asked on a connection of its own: that all the pool's are busy says nothing about it,
//! and who asks takes none from a request.

use std::time::Duration;

use diesel::IntoSql;
use diesel::dsl::select;
use diesel::sql_types::Bool;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use super::QueryResult;
use super::connect::connect;
use crate::error::Fault;

/// An answer that takes longer is none.
const BOUND: Duration = Duration::from_millis(1500);
/// What one is told the next are told as well, for so long.
const SHARED: Duration = Duration::from_secs(1);

/// Asks the database, one at a time.
pub struct Probe {
    url: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Kept while it works; made anew when it does not.
    conn: Option<AsyncPgConnection>,
    said: Option<(Instant, Result<(), Fault>)>,
}

impl Probe {
    pub fn new(url: String) -> Self {
        Self { url, state: Mutex::default() }
    }

    /// Whether the database answers, or did within the last second.
    pub async fn ask(&self) -> Result<(), Fault> {
        let mut state = self.state.lock().await;
        if let Some((when, said)) = &state.said
            && when.elapsed() < SHARED
        {
            return said.clone();
        }
        // Whoever does not wait for the answer takes the connection with it.
        let kept = state.conn.take();
        let asked = timeout(BOUND, self.ask_on(kept)).await;
        let said = match asked {
            Ok(Ok(conn)) => {
                state.conn = Some(conn);
                Ok(())
            }
            Ok(Err(fault)) => Err(fault),
            Err(_) => Err(Fault::internal("the database does not answer in time")),
        };
        state.said = Some((Instant::now(), said.clone()));
        said
    }

    /// Asks on the kept connection, on a new one if that is broken, and answers the one that works.
    async fn ask_on(&self, kept: Option<AsyncPgConnection>) -> Result<AsyncPgConnection, Fault> {
        if let Some(mut conn) = kept
            && answers(&mut conn).await.is_ok()
        {
            return Ok(conn);
        }
        let made = connect("connecting to the database", &self.url).await;
        let mut conn = made.map_err(|error| Fault::internal(format!("{error:#}")))?;
        answers(&mut conn).await?;
        Ok(conn)
    }
}

async fn answers(conn: &mut AsyncPgConnection) -> QueryResult<()> {
    select(true.into_sql::<Bool>()).execute(conn).await.map(drop)
}
